/** The tracing parts of OpenTelemetry by themselves, for processes at the edge, where memory is counted per node. */
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import type { Telemetry, TelemetryOptions } from './telemetry.js';

export function startSdk({ resource, exporter }: TelemetryOptions): Telemetry {
  const provider = new NodeTracerProvider({
    resource,
    spanProcessors: exporter === undefined ? [] : [new BatchSpanProcessor(exporter)],
  });
  // AsyncLocalStorage for the context, W3C for the headers; a second registration in one process changes nothing.
  provider.register();
  return { stop: () => provider.shutdown() };
}
