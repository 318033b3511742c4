/** One connection to NATS with what every ability of the bus needs of it. Reconnects for ever; says in words when it is away. */
import { connect, ErrorCode, Events, jwtAuthenticator, NatsError } from 'nats';
import type { ConnectionOptions, JetStreamClient, JetStreamManager, NatsConnection } from 'nats';
import { retrying } from '@ringfence/retrying';
import type { BusOptions } from './bus.js';
import { noMetrics } from './metrics.js';
import type { BusMetrics } from './metrics.js';
import { STANDS_AFTER_MS } from './progress.js';
import { storing } from './storing.js';
import type { Storing } from './storing.js';

const REFUSALS: ReadonlySet<string> = new Set([
  ErrorCode.AuthorizationViolation,
  ErrorCode.AuthenticationExpired,
  ErrorCode.AccountExpired,
]);

export interface Link {
  readonly name: string;
  readonly server: 'control' | 'cluster';
  readonly connection: NatsConnection;
  readonly jetstream: JetStreamClient;
  readonly manager: JetStreamManager;
  readonly inboxPrefix: string;
  readonly metrics: BusMetrics;
  readonly standsAfterMs: number;
  /** Told by whoever publishes. */
  readonly storing: Storing;
  readonly pace: NonNullable<BusOptions['pace']>;
  isConnected(): boolean;
  availability(): true | string;
  /** Called at every loss of the connection; returns the way to stop it. */
  onDisconnect(listener: () => void): () => void;
  /** Called whenever the connection is back, never for the first one; returns the way to stop it. */
  onReconnect(listener: () => void): () => void;
}

/** Resolves when connected; until then it tries again and again (`options.signal` ends that). */
export async function openLink(options: BusOptions): Promise<Link> {
  const connection = await untilConnected(options);
  const state = { connected: true, detail: 'connected' };
  const lost = listeners();
  const back = listeners();
  const tell = (connected: boolean, detail: string): void => {
    if (state.connected === connected && connected) return;
    Object.assign(state, { connected, detail });
    options.onState?.({ connected, detail });
    (connected ? back : lost).call();
  };
  const stores = storing(options.server);
  options.onState?.({ connected: true, detail: 'connected' });
  void watch(connection, tell, options);
  return {
    name: options.name,
    server: options.server,
    connection,
    // The check of the default asks for the account's JetStream figures, which edge users may not.
    jetstream: connection.jetstream({ checkAPI: false } as Parameters<NatsConnection['jetstream']>[0]),
    manager: await connection.jetstreamManager({ checkAPI: false }),
    inboxPrefix: options.inboxPrefix ?? '_INBOX',
    metrics: options.metrics ?? noMetrics,
    standsAfterMs: options.standsAfterMs ?? STANDS_AFTER_MS,
    storing: stores,
    pace: options.pace ?? (async () => undefined),
    isConnected: () => state.connected,
    availability: () =>
      state.connected ? stores.state() : `${options.server} NATS is away: ${state.detail}`,
    onDisconnect: lost.add,
    onReconnect: back.add,
  };
}

function listeners(): { add(listener: () => void): () => void; call(): void } {
  const all = new Set<() => void>();
  return {
    add: (listener) => {
      all.add(listener);
      return () => void all.delete(listener);
    },
    call: () => {
      for (const listener of [...all]) listener();
    },
  };
}

async function untilConnected(options: BusOptions): Promise<NatsConnection> {
  const onError = (error: unknown): void => {
    if (error instanceof NatsError && REFUSALS.has(error.code)) options.onRefused?.();
    options.onState?.({ connected: false, detail: error instanceof Error ? error.message : String(error) });
  };
  const connecting = { signal: options.signal, onError };
  const connection = await retrying(() => connect(connectionOptions(options)), connecting);
  if (connection === undefined) throw options.signal?.reason;
  return connection;
}

/** Also what Nest's own NATS transport is given. */
export function connectionOptions(options: BusOptions): ConnectionOptions {
  const { credentials } = options;
  const current = typeof credentials === 'function' ? credentials : () => credentials;
  return {
    servers: options.servers.split(',').map((server) => server.trim()),
    name: options.name,
    timeout: 5_000,
    reconnect: true,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 250,
    reconnectJitter: 250,
    pingInterval: 10_000,
    maxPingOut: 2,
    // An expired credential is an authorization error; the next attempt brings the renewed one.
    ignoreAuthErrorAbort: true,
    ...tlsOf(options.servers, options.caFile),
    ...(options.inboxPrefix !== undefined && { inboxPrefix: options.inboxPrefix }),
    ...(credentials !== undefined && {
      authenticator: jwtAuthenticator(
        () => current()?.jwt ?? '',
        () => new TextEncoder().encode(current()?.seed ?? ''),
      ),
    }),
  };
}

/** With `tls://` a server that offers no TLS is refused before anything is told to it. */
export function tlsOf(servers: string, caFile: string | undefined): Pick<ConnectionOptions, 'tls'> {
  if (!servers.startsWith('tls://')) return {};
  return { tls: caFile ? { caFile } : {} };
}

async function watch(
  connection: NatsConnection,
  tell: (connected: boolean, detail: string) => void,
  { onRefused }: BusOptions,
): Promise<void> {
  for await (const status of connection.status()) {
    if (status.type === Events.Error && REFUSALS.has(String(status.data))) onRefused?.();
    if (status.type === Events.Disconnect) tell(false, 'connection lost, trying again');
    if (status.type === Events.Reconnect) tell(true, 'connected');
  }
  const error = await connection.closed();
  tell(false, error instanceof Error ? `closed: ${error.message}` : 'closed');
}
