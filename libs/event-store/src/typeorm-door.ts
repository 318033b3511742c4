/** The door `@ringfence/event-store/typeorm`: apart, because TypeORM costs each process that imports it some 15 MiB. */
export { dataSource } from './data-source.js';
