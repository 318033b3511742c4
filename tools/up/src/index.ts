export { Progress } from './banner.js';
export { flows } from './first-flow.js';
export type { FlowRow } from './first-flow.js';
export { freePort } from './free-ports.js';
export { KubernetesApi } from './kubernetes-api.js';
export type { Manifest } from './manifests.js';
export { parseOptions } from './options.js';
export { RingfenceApi } from './ringfence-api.js';
export { Stack } from './stack.js';
