/** A stolen credential on a NATS server, used without any manners: publishes what it likes, where it likes, with any reply it likes. */
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, headers, jwtAuthenticator } from 'nats';
import type { NatsConnection } from 'nats';
import { now } from './clock.js';

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

const CONNECT_MS = 5_000;
/** Longer than a server needs to be well again after whatever else it suffers. */
const LET_IN_WITHIN_MS = 60_000;
const KNOCK_EVERY_MS = 250;
const VOLLEY_EVERY_MS = 1_000;
/** Below the servers' limit, and above it once it has become text three times as long. */
const POISON_BYTES = 900 * 1024;

/** What no reader can parse, and what grows when it is written down as text. */
export const poison = (): Uint8Array => new Uint8Array(POISON_BYTES).fill(0xff);

export class HostileLine {
  private timer: NodeJS.Timeout | undefined;

  private constructor(private readonly connection: NatsConnection) {}

  /** The server may just be away, or the node may get another credential: who attacks has the time to wait for it. */
  static async open(steal: () => StolenCredential): Promise<HostileLine> {
    const until = now() + LET_IN_WITHIN_MS;
    for (;;) {
      try {
        const connection = await connected(steal());
        void connection.closed().catch(() => undefined);
        return new HostileLine(connection);
      } catch (error) {
        if (now() > until) throw error;
        await sleep(KNOCK_EVERY_MS);
      }
    }
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

function connected({ natsUrl, jwt, seed }: StolenCredential): Promise<NatsConnection> {
  return connect({
    servers: natsUrl,
    authenticator: jwtAuthenticator(jwt, new TextEncoder().encode(seed)),
    timeout: CONNECT_MS,
    maxReconnectAttempts: -1,
    // Who attacks does not mind whom it speaks to.
    ...(natsUrl.startsWith('tls:') && { tls: { rejectUnauthorized: false } as object }),
  });
}
