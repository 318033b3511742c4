/**
 * Exactly-once effect of an at-least-once delivery: the message's place is written in the transaction of its effect.
 * Relies on messages of one consumer coming in the stream's order, which the bus keeps. SQL: one statement for each
 * message (`npm run bench -- rows`, of one row).
 */
import type pg from 'pg';
import type { EventStore } from './event-store.js';

export async function consumeOnce(
  store: EventStore,
  consumer: string,
  message: { readonly stream: string; readonly seq: number },
  work: (tx: pg.PoolClient) => Promise<void>,
): Promise<'done' | 'seen'> {
  return store.transaction(async (tx) => {
    // Takes the row's lock: two processes with one consumer name wait for each other here.
    const { rowCount } = await tx.query(
      `insert into consumed (consumer, stream, seq) values ($1, $2, $3)
       on conflict (consumer, stream) do update set seq = excluded.seq where consumed.seq < excluded.seq`,
      [consumer, message.stream, message.seq],
    );
    if (rowCount === 0) return 'seen';
    await work(tx);
    return 'done';
  });
}

/** Before a consumer reads again on purpose. */
export async function forgetConsumed(db: Pick<pg.ClientBase, 'query'>, consumer: string): Promise<void> {
  await db.query('delete from consumed where consumer = $1', [consumer]);
}
