/** What inventory says exists: clusters, namespaces, Kubernetes workloads, workloads. Kept so that a restart needs nobody's answer. */
import type { KubernetesWorkloadState, WorkloadState } from '@ringfence/contracts';
import type pg from 'pg';

type Queryable = Pick<pg.ClientBase, 'query'>;

export type ClusterKnowledge = 'live' | 'deleted' | 'unknown';

export async function clusterKnowledge(db: Queryable, id: string): Promise<ClusterKnowledge> {
  const { rows } = await db.query<{ deleted: boolean }>('select deleted from clusters where id = $1', [id]);
  if (rows[0] === undefined) return 'unknown';
  return rows[0].deleted ? 'deleted' : 'live';
}

/** A deleted cluster stays deleted, whatever still arrives about it. */
export async function noteCluster(tx: Queryable, id: string): Promise<void> {
  await tx.query('insert into clusters values ($1, false) on conflict do nothing', [id]);
}

export async function forgetCluster(tx: Queryable, id: string): Promise<void> {
  await tx.query('insert into clusters values ($1, true) on conflict (id) do update set deleted = true', [
    id,
  ]);
  for (const table of ['namespaces', 'kubernetes_workloads'])
    await tx.query(`delete from ${table} where cluster = $1`, [id]);
}

export async function noteNamespace(tx: Queryable, cluster: string, name: string): Promise<void> {
  await tx.query('insert into namespaces values ($1, $2) on conflict do nothing', [cluster, name]);
}
export async function forgetNamespace(tx: Queryable, cluster: string, name: string): Promise<void> {
  await tx.query('delete from namespaces where cluster = $1 and name = $2', [cluster, name]);
}
export async function namespaceExists(db: Queryable, cluster: string, name: string): Promise<boolean> {
  const { rowCount } = await db.query('select 1 from namespaces where cluster = $1 and name = $2', [
    cluster,
    name,
  ]);
  return rowCount !== 0;
}

export async function noteKubernetesWorkload(
  tx: Queryable,
  workload: KubernetesWorkloadState,
): Promise<void> {
  await tx.query(
    'insert into kubernetes_workloads values ($1, $2, $3) on conflict (id) do update set body = excluded.body',
    [workload.id, workload.cluster, JSON.stringify(workload)],
  );
}
export async function noteWorkload(tx: Queryable, workload: WorkloadState): Promise<void> {
  await tx.query(
    'insert into workloads values ($1, $2) on conflict (id) do update set body = excluded.body',
    [workload.id, JSON.stringify(workload)],
  );
}
export async function forgetEntity(
  tx: Queryable,
  table: 'kubernetes_workloads' | 'workloads',
  id: string,
): Promise<void> {
  await tx.query(`delete from ${table} where id = $1`, [id]);
}

export async function kubernetesWorkloads(db: Queryable): Promise<KubernetesWorkloadState[]> {
  const { rows } = await db.query<{ body: KubernetesWorkloadState }>('select body from kubernetes_workloads');
  return rows.map((row) => row.body);
}
export async function workloads(db: Queryable): Promise<WorkloadState[]> {
  const { rows } = await db.query<{ body: WorkloadState }>('select body from workloads');
  return rows.map((row) => row.body);
}
