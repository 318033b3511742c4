/**
 * The control plane's NATS, as each of its services connects: from its environment, named in readiness and log while it
 * is away, closed when the process ends.
 */
import { HEALTH_CALLS } from '@ringfence/contracts';
import type { ServiceManifest } from '@ringfence/contracts';
import { onDemand } from '@ringfence/retrying';
import { beforeServing } from './before-serving.js';
import type { Bus, BusOptions, Subscription } from './bus.js';
import { connectBus } from './connect.js';
import { credsFile } from './credentials/creds-file.js';
import { serviceInbox } from './credentials/permissions.js';
import type { BusMetrics } from './metrics.js';
import { ensureStreams } from './streams.js';

/** What it needs of a process; service-host's `HostContext` has this shape. */
export interface BusProcess {
  /** No (or an empty) NATS_CREDS: a server without authentication. */
  readonly config: {
    readonly NATS_URL: string;
    readonly NATS_CREDS?: string | undefined;
    readonly RINGFENCE_CA?: string | undefined;
  };
  readonly health: {
    require(name: string, isMet: () => true | string): void;
    missing(): readonly string[];
    alarms(): readonly string[];
  };
  readonly logger: Record<'info' | 'warn', (details: object, message: string) => void>;
  readonly metrics: BusMetrics;
  readonly signal: AbortSignal;
  onShutdown(release: () => Promise<void>): void;
}

export interface ControlBus {
  readonly bus: Bus;
  /** For a second connection of the same process: Nest's transport makes its own. */
  readonly connection: BusOptions;
  /**
   * From now on, until it is closed, this process answers as the gateway asks for its health: the health of the whole is that of every
   * part, its lanes included. One that stands by does not, or the whole would have the health of the one or the other.
   */
  answerHealth(): Subscription;
}

export async function openControlBus(
  { config, health, logger, metrics, signal, onShutdown }: BusProcess,
  { service }: ServiceManifest,
): Promise<ControlBus> {
  const open: { bus?: Bus } = {};
  health.require('nats', () => open.bus?.availability() ?? 'connecting');
  health.require('lanes', () => open.bus?.progress() ?? true);
  const connection: BusOptions = {
    servers: config.NATS_URL,
    name: service,
    server: 'control',
    caFile: config.RINGFENCE_CA,
    ...(config.NATS_CREDS && {
      credentials: credsFile(config.NATS_CREDS),
      inboxPrefix: serviceInbox(service),
    }),
    metrics,
    onState: ({ connected, detail }) => logger[connected ? 'info' : 'warn']({ detail }, 'NATS'),
    signal,
  };
  const bus = (open.bus = await connectBus(connection));
  onShutdown(() => bus.close());
  const ensured = (): Promise<void> => ensureStreams(bus, 'control');
  await beforeServing({ logger, signal }, ensured);
  // A server that comes back may have lost them with its disk.
  const streams = onDemand(ensured, {
    signal,
    onError: (error) => logger.warn({ err: error }, 'NATS has not taken its streams, trying again'),
  });
  bus.onReconnect(streams.ask);
  const call = HEALTH_CALLS.find((each) => each.service === service);
  const word = async () => ({ missing: [...health.missing()], alarms: [...health.alarms()] });
  const answerHealth = (): Subscription =>
    call === undefined ? { close: () => undefined } : bus.serve(call, word);
  return { bus, connection, answerHealth };
}
