/** What a migration of a service's tables is. */
import type { QueryRunner } from 'typeorm';

/** All that a migration has: what it does follows from its SQL alone. */
export type Sql = Pick<QueryRunner, 'query'>;

/**
 * A migration of TypeORM, its class named and ordered by its time (`Agents1795219200000`). Once it ran somewhere, `up` stays as it
 * is. Read tables are not made here: their projections build them.
 */
export interface Migration {
  up(db: Sql): Promise<void>;
  /** Takes back what `up` made, and what was stored in it. */
  down(db: Sql): Promise<void>;
}
export type MigrationClass = new () => Migration;
