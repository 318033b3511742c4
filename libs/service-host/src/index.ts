export { ConfigurationError } from './environment.js';
export { boundConnections, doorOptions } from './http-door.js';
export type { DoorLimits } from './http-door.js';
export type { HealthReport } from './health.js';
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
export { nestLogger } from './nest-logger.js';
export { isAnswering, sourceTowards } from './reach.js';
export type { Remote } from './reach.js';
export { rateWindow } from './rate-window.js';
export type { RateWindow } from './rate-window.js';
export { run } from './run.js';
export { startHosted } from './start-hosted.js';
export type { HostedProcess } from './start-hosted.js';
export { alarmInsecure, alarmUnverified, tlsListener, urlOf } from './transport-security.js';
export type { TlsFiles, TlsListener } from './transport-security.js';
export { activeTraceHeaders, startTrace, withTraceHeaders } from './telemetry.js';
