export { VersionConflict } from './event-store.js';
export type {
  AppendBatch,
  EventMeta,
  EventStore,
  EventStoreOptions,
  Migration,
  NewEvent,
  Projection,
  StoredEvent,
} from './event-store.js';
