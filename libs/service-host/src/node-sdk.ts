/**
 * OpenTelemetry's Node SDK, for the control plane: an operator sets sampling, batches, limits, propagation and attributes of the
 * resource by its `OTEL_*` variables. No instrumentation: our own spans name the work, and its spans would say it again.
 */
import { envDetector } from '@opentelemetry/resources';
import { NodeSDK, tracing } from '@opentelemetry/sdk-node';
import type { Telemetry, TelemetryOptions } from './telemetry.js';

export function startSdk({ resource, exporter }: TelemetryOptions): Telemetry {
  const sdk = new NodeSDK({
    resource,
    resourceDetectors: [envDetector],
    // Without any processor it makes no spans at all, and no trace would be carried on.
    ...(exporter === undefined
      ? { spanProcessors: [new tracing.NoopSpanProcessor()] }
      : { traceExporter: exporter }),
    // Left out, both would be sent to a receiver that nobody named: ours are at /metrics and on stdout.
    metricReaders: [],
    logRecordProcessors: [],
  });
  sdk.start();
  return { stop: () => sdk.shutdown() };
}
