/**
 * One statement that ends when nobody waits for it any more, or after its time: at the server, not only here. SQL: what is ended is a
 * session's statement, and what it finds comes in thousands (`npm run bench -- rows`).
 */
import type pg from 'pg';
import { SearchEnded } from '../port/flow-store.js';
import type { SearchBounds } from '../port/flow-store.js';

/** Of a cancel and of the statement timeout alike. */
const QUERY_CANCELED = '57014';

export interface Sql {
  readonly text: string;
  readonly values: readonly unknown[];
}

export async function boundedQuery<Row extends pg.QueryResultRow>(
  pool: pg.Pool,
  { text, values }: Sql,
  { signal, withinMs }: SearchBounds,
): Promise<Row[]> {
  const client = await pool.connect();
  // A cancel that is under way may hit whatever the session runs next: that session is given up.
  let mayBeHit = false;
  const cancel = (pid: number): void => {
    mayBeHit = true;
    // Nobody reaches the server: the statement's own time ends it.
    pool.query('select pg_cancel_backend($1)', [pid]).catch(() => undefined);
  };
  let onAbort: (() => void) | undefined;
  try {
    const pid = await backendOf(client, withinMs);
    if (signal.aborted) throw new SearchEnded('cancelled');
    onAbort = () => cancel(pid);
    signal.addEventListener('abort', onAbort, { once: true });
    return (await client.query<Row>(text, [...values])).rows;
  } catch (cause) {
    if ((cause as { code?: unknown }).code !== QUERY_CANCELED) throw cause;
    throw new SearchEnded(signal.aborted ? 'cancelled' : 'too_long', { cause });
  } finally {
    if (onAbort !== undefined) signal.removeEventListener('abort', onAbort);
    await giveBack(client, mayBeHit);
  }
}

async function backendOf(client: pg.PoolClient, withinMs: number): Promise<number> {
  const { rows } = await client.query<{ pid: number }>(
    `select pg_backend_pid() as pid, set_config('statement_timeout', $1, false)`,
    [String(withinMs)],
  );
  return rows[0]?.pid ?? 0;
}

async function giveBack(client: pg.PoolClient, isSpent: boolean): Promise<void> {
  if (isSpent) return client.release(true);
  await client.query('reset statement_timeout').then(
    () => client.release(),
    (error: Error) => client.release(error),
  );
}
