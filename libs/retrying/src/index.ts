export { jittered, pause, retrying } from './retrying.js';
export type { RetryOptions } from './retrying.js';
