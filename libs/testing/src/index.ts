export { eventually } from './eventually.js';
export { startNats } from './nats-server.js';
export type { NatsPlace, NatsServer } from './nats-server.js';
export { startPostgres } from './postgres-server.js';
export type { PostgresServer } from './postgres-server.js';
export { accountFlags, freePort, serverProcess } from './server-process.js';
export type { ServerCommand, ServerProcess } from './server-process.js';
export { expectStateSequence } from './state-sequence.js';
export type { CalculatorUnderTest, WorldState } from './state-sequence.js';
