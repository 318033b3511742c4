export { WHOLE_NUMBER } from './columns.js';
export { connected, dataSource, entitiesIn } from './data-source.js';
export { documents } from './documents.projection.js';
export type { Document, Documents, DocumentsWhere, DocumentTypes } from './documents.projection.js';
export { DatabaseRefused } from './database-refused.js';
export { ensureDatabase, isPostgresAway } from './database.js';
export type { WaitOptions } from './database.js';
export { VersionConflict } from './event-store.js';
export type {
  AppendBatch,
  EventMeta,
  EventStore,
  EventStoreOptions,
  NewEvent,
  Projection,
  ServiceDatabase,
  StoredEvent,
} from './event-store.js';
export { keepNewest } from './keep-newest.js';
export { neverTwice } from './never-twice.js';
export { handleCommand, handleCommands } from './handle-command.js';
export type { CommandResult, CommandWork, Deciding } from './handle-command.js';
export { dryRun, migrate, revertLast } from './migrate.js';
export type { Migration, MigrationClass, Sql } from './migration.js';
export { inTurns } from './in-turns.js';
export type { OwnTurn } from './in-turns.js';
export { keepWhole, waitingInAll } from './keep-whole.js';
export type { CopyBus, CopyParts, CopyProcess, KeptMessages } from './keep-whole.js';
export { mirror } from './mirror.js';
export type { Mirror, Mirrored } from './mirror.js';
export { oneAtATime, oneAtATimePer } from './one-at-a-time.js';
export type { OneAtATime } from './one-at-a-time.js';
export { openEventStore } from './open.js';
export { serveInTurns } from './serve-in-turns.js';
export { openServiceStore } from './service-store.js';
export type { ServiceStoreOptions } from './service-store.js';
export { ownDurables } from './own-durables.js';
export type { Rewinder } from './own-durables.js';
export { inTransaction } from './transaction.js';
export { lastPosition } from './read.js';
export { rebuildProjection } from './rebuild.js';
export type { RebuildOptions } from './rebuild.js';
export { turnToWrite } from './turn.js';
export { beginResync, resyncProgress } from './resync.js';
export type { ResyncProgress } from './resync.js';
export { relayed, rewindRelay, startRelay } from './relay.js';
export type { EventPublisher, Relay, RelayOptions } from './relay.js';
export { Overtaken, unlessOvertaken } from './unless-overtaken.js';
export type { OvertakenBy } from './unless-overtaken.js';
export { TooLate, written } from './written.js';
export type { Asked } from './written.js';
