/** A hosted service without the process around it: what `run` does, for tests and for several services in one process. */
import type { Logger } from 'pino';
import type { z } from 'zod';
import { HostEnvironment, readEnvironment } from './environment.js';
import { healthRegistry } from './health.js';
import type { HealthReport } from './health.js';
import type { HostedService, RunningService } from './host.js';
import { createLogger } from './logger.js';
import { listenForManagement } from './management.js';
import { metricsRegistry } from './metrics.js';
import { sweepWhenIdle } from './sweeper.js';
import { startTelemetry } from './telemetry.js';
import { alarmSwitchedOff } from './transport-security.js';

export interface HostedProcess {
  readonly managementUrl: string;
  readonly logger: Logger;
  readonly health: () => HealthReport;
  /** Settled when the service's `start` is; rejects with what it threw. */
  readonly started: Promise<void>;
  /** Drains, releases in reverse order, closes the listener. */
  stop(): Promise<void>;
}

/** Throws ConfigurationError. The management listener is up before the service starts, so that its waiting can be seen. */
export async function startHosted<Schema extends z.ZodType>(
  service: HostedService<Schema>,
  env: NodeJS.ProcessEnv,
): Promise<HostedProcess> {
  const own = readEnvironment(HostEnvironment, env);
  const config = readEnvironment(service.config, env);
  const { manifest, zone = 'core' } = service;
  const telemetry = await startTelemetry(manifest.service, zone, own.OTEL_EXPORTER_OTLP_ENDPOINT);
  const logger = createLogger(manifest.service, own.LOG_LEVEL);
  const health = healthRegistry();
  const metrics = metricsRegistry();
  const management = await listenForManagement(
    own.RINGFENCE_MANAGEMENT_HOST,
    own.RINGFENCE_MANAGEMENT_PORT,
    health,
    metrics,
  );
  logger.info({ url: management.url }, 'management listener is up');
  const ending = new AbortController();
  const releases: (() => Promise<void> | void)[] = [
    telemetry.stop,
    metrics.stop,
    management.close,
    sweepWhenIdle(service),
  ];
  let state: 'starting' | 'started' | 'stopping' = 'starting';
  health.require('start', () => state === 'started' || `the service is ${state}`);
  const context = {
    config,
    logger,
    health,
    metrics: metrics.metrics,
    onShutdown: (release: () => Promise<void> | void) => void releases.push(release),
    signal: ending.signal,
  };
  alarmSwitchedOff(context, env);
  let running: RunningService | void;
  const started = (async () => {
    running = await service.start(context);
    if (state === 'starting') state = 'started';
  })();
  const stop = once(async () => {
    state = 'stopping';
    ending.abort();
    await started.catch(() => undefined);
    await running?.drain?.();
    for (const release of releases.reverse()) await attempt(release, logger);
  });
  return { managementUrl: management.url, logger, health: health.report, started, stop };
}

function once(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () => (done ??= work());
}

async function attempt(release: () => Promise<void> | void, logger: Logger): Promise<void> {
  try {
    await release();
  } catch (error) {
    logger.warn({ err: error }, 'something did not end well');
  }
}
