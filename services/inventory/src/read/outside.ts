/** What it takes to say how clusters see each other, and what was said last. SQL: rows of all workloads, of which few fields are asked. */
import type { SeenFromOutside } from '@ringfence/contracts';
import type pg from 'pg';
import type { OutsideFacts } from '../domain/seen-from-outside.js';

type Queryable = Pick<pg.ClientBase, 'query'>;

/** When each node was heard last: Pods came and went with that, or did not. */
export async function sayingsOfNodes(pool: Queryable): Promise<readonly unknown[]> {
  const { rows } = await pool.query<{ cluster: string; node: string; said_at: Date }>(
    'select cluster, node, said_at from node_acks order by cluster, node',
  );
  return rows;
}

export async function placedPods(pool: Queryable): Promise<OutsideFacts['placed']> {
  const { rows } = await pool.query<OutsideFacts['placed'][number]>(
    'select cluster, workload, node, addresses from workload_acks where pods > 0 order by cluster, workload, node',
  );
  return rows;
}

interface Told {
  readonly id: string;
  readonly cluster: string;
  /** Null: nobody sees it. */
  readonly outside: SeenFromOutside | null;
}

/** Of live Kubernetes workloads: all, or these. */
export async function outsideTold(pool: Queryable, ids?: readonly string[]): Promise<Told[]> {
  const { rows } = await pool.query<Told>(
    `select id, cluster, body -> 'outside' as outside from kubernetes_workloads
       where deleted_at is null and ($1::text[] is null or id = any($1))`,
    [ids ?? null],
  );
  return rows;
}
