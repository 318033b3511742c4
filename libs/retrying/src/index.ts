export { cameTrue } from './came-true.js';
export { onDemand } from './on-demand.js';
export type { OnDemand } from './on-demand.js';
export { jittered, pause, retrying } from './retrying.js';
export type { RetryOptions } from './retrying.js';
