/** The process's metrics, written in Prometheus's text form by OpenTelemetry's exporter. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import type { Meter } from '@opentelemetry/api';
import type { Metrics } from './host.js';

const NANOSECONDS = 1e9;
/** Seconds; from a kernel transaction to a slow query. */
const DEFAULT_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export interface MetricsRegistry {
  readonly metrics: Metrics;
  /** Answers `GET /metrics`. */
  write(request: IncomingMessage, response: ServerResponse): void;
  stop(): Promise<void>;
}

export function metricsRegistry(): MetricsRegistry {
  const exporter = new PrometheusExporter({
    preventServerStart: true,
    withoutScopeInfo: true,
    withoutTargetInfo: true,
  });
  const provider = new MeterProvider({ readers: [exporter] });
  const meter = provider.getMeter('ringfence');
  const stopProcessMetrics = measureProcess(meter);
  return {
    metrics: instruments(meter),
    write: (request, response) => exporter.getMetricsRequestHandler(request, response),
    stop: async () => {
      stopProcessMetrics();
      await provider.shutdown();
    },
  };
}

function instruments(meter: Meter): Metrics {
  const known = new Map<string, unknown>();
  const once = <T>(name: string, make: () => T): T => {
    if (!known.has(name)) known.set(name, make());
    return known.get(name) as T;
  };
  return {
    counter: (name, description) =>
      once(name, () => {
        const counter = meter.createCounter(name, { description });
        return { add: (value = 1, labels = {}) => counter.add(value, labels) };
      }),
    gauge: (name, description) =>
      once(name, () => {
        const gauge = meter.createGauge(name, { description });
        return { set: (value, labels = {}) => gauge.record(value, labels) };
      }),
    histogram: (name, description, { buckets = DEFAULT_BUCKETS } = {}) =>
      once(name, () => {
        const histogram = meter.createHistogram(name, {
          description,
          advice: { explicitBucketBoundaries: [...buckets] },
        });
        return { record: (value, labels = {}) => histogram.record(value, labels) };
      }),
  };
}

function measureProcess(meter: Meter): () => void {
  const delay = monitorEventLoopDelay({ resolution: 20 });
  delay.enable();
  const gauge = (name: string, description: string, value: () => number): void =>
    meter.createObservableGauge(name, { description }).addCallback((result) => result.observe(value()));
  gauge('process_resident_memory_bytes', 'Resident memory', () => process.memoryUsage.rss());
  gauge('process_heap_used_bytes', 'JavaScript heap in use', () => process.memoryUsage().heapUsed);
  gauge(
    'process_external_memory_bytes',
    'Buffers and the like that the heap refers to',
    () => process.memoryUsage().external,
  );
  gauge(
    'process_event_loop_delay_p99_seconds',
    'Event loop delay since the last look, 99th percentile',
    () => {
      const p99 = delay.percentile(99) / NANOSECONDS;
      delay.reset();
      return p99;
    },
  );
  meter
    .createObservableCounter('process_cpu_seconds_total', { description: 'CPU time, user and system' })
    .addCallback((result) => {
      const { user, system } = process.cpuUsage();
      result.observe((user + system) / 1e6);
    });
  return () => delay.disable();
}
