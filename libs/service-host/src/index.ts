export { StartRefused } from './host.js';
export type {
  Counter,
  Gauge,
  Health,
  Histogram,
  HostContext,
  HostedService,
  Labels,
  Metrics,
  Requirement,
  RunningService,
} from './host.js';
