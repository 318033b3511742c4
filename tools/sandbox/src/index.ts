export { startApiServer } from './api/server.js';
export type { ApiServer, ApiServerOptions } from './api/server.js';
export { Cluster } from './api/cluster.js';
export type { KindChange, KindClient } from './api/kind-client.js';
export type { PodLogOptions, PodLogSource } from './api/subresource-requests.js';
export { startControllers } from './controllers/start-controllers.js';
export type { Controllers } from './controllers/start-controllers.js';
