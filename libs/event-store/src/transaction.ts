/** One transaction on one connection: committed, or rolled back and the connection given up when even that fails. */
import type pg from 'pg';

export async function inTransaction<T>(pool: pg.Pool, work: (tx: pg.PoolClient) => Promise<T>): Promise<T> {
  const tx = await pool.connect();
  let broken: Error | undefined;
  try {
    await tx.query('begin');
    const result = await work(tx);
    await tx.query('commit');
    return result;
  } catch (error) {
    await tx.query('rollback').catch((reason: unknown) => (broken = reason as Error));
    throw error;
  } finally {
    tx.release(broken);
  }
}
