/** `@ringfence/bus/nest`: for services that are Nest applications. An agent on every node must not load a web framework. */
export { JETSTREAM } from './jetstream.strategy.js';
export type { BusTransports } from './nest.js';
export { startNestOnBus } from './nest-application.js';
export type { NestOnBus } from './nest-application.js';
