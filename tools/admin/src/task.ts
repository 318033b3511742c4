/** What a command is given, and how it ends when it cannot do what was asked. */
import { connected, dataSource, ensureDatabase } from '@ringfence/event-store';
import type pg from 'pg';
import type { DataSource } from 'typeorm';
import type { Service } from './services.js';

export const EXIT = { ok: 0, failed: 1, usage: 2 } as const;

/** Says what to do. */
export class Failure extends Error {
  override readonly name = 'Failure';
  constructor(
    readonly exitCode: (typeof EXIT)[keyof typeof EXIT],
    message: string,
  ) {
    super(message);
  }
}

export interface Task {
  readonly service: Service;
  /** As the service itself has it: who may do this is who has its environment. */
  readonly env: NodeJS.ProcessEnv;
  /** The result. */
  write(text: string): void;
  /** How far it is. */
  note(text: string): void;
  /** Ctrl-C. */
  readonly signal: AbortSignal;
}
export type Perform = (task: Task) => Promise<void>;

export interface Database {
  readonly source: DataSource;
  readonly pool: pg.Pool;
}

export async function withDatabase<T>(
  { service: { database }, env, signal }: Task,
  work: (database: Database) => Promise<T>,
): Promise<T> {
  const adminUrl = env['DATABASE_URL'];
  if (!adminUrl) throw new Failure(EXIT.usage, 'DATABASE_URL is not set: give what the service is given');
  const source = dataSource({
    ...database,
    url: await ensureDatabase(adminUrl, database.service, { signal }),
  });
  try {
    return await work({ source, pool: await connected(source) });
  } finally {
    if (source.isInitialized) await source.destroy();
  }
}

/** The same, where there must be something to work on. */
export function withFilledDatabase<T>(task: Task, work: (database: Database) => Promise<T>): Promise<T> {
  return withDatabase(task, async (opened) => {
    const { service } = task.service.database;
    const { rows } = await opened.pool.query<{ events: string | null }>(
      "select to_regclass('events') as events",
    );
    if (rows[0]?.events !== null) return work(opened);
    throw new Failure(
      EXIT.failed,
      `the database of ${service} is empty: start ${service} once, it makes its tables`,
    );
  });
}
