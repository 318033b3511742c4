export { CallError, PermanentError, TransientError } from './errors.js';
export type {
  BatchLimits,
  Bus,
  BusOptions,
  CallContext,
  CallOptions,
  Consumer,
  ConsumerOptions,
  Credentials,
  LatestOptions,
  LatestReader,
  LatestValue,
  Message,
  Publication,
  PublishOptions,
  ServeOptions,
  Subscription,
  TraceHeaders,
} from './bus.js';
export { noMetrics } from './metrics.js';
export type { BusMetrics, MetricLabels } from './metrics.js';
