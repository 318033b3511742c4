/** Acknowledgements of nodes, kept per workload: on how many of its Pods the policy is in the kernel. */
import type { ClusterAck, ConvergenceStatus } from '@ringfence/contracts';
import type pg from 'pg';

type Queryable = Pick<pg.ClientBase, 'query'>;
export interface NodeAcked {
  readonly cluster: string;
  readonly ack: ClusterAck;
}

/** The newest per node; an older one that comes late changes nothing. */
export async function applyAcks(tx: Queryable, acks: readonly NodeAcked[]): Promise<void> {
  const newest = new Map(acks.map((each) => [`${each.cluster}/${each.ack.node}`, each]));
  for (const { cluster, ack } of newest.values()) await applyAck(tx, cluster, ack);
}

async function applyAck(tx: Queryable, cluster: string, ack: ClusterAck): Promise<void> {
  const { rowCount } = await tx.query(
    `insert into node_acks values ($1, $2, $3, $4, $5, $6) on conflict (cluster, node) do update set revision = excluded.revision,
       policy_version = excluded.policy_version, acked_at = excluded.acked_at, failed = excluded.failed where node_acks.acked_at <= excluded.acked_at`,
    [cluster, ack.node, ack.revision, ack.policyVersion, ack.at, JSON.stringify(ack.failed)],
  );
  if (rowCount === 0) return;
  await tx.query('delete from workload_acks where cluster = $1 and node = $2', [cluster, ack.node]);
  await tx.query(
    `insert into workload_acks select $1, $2, * from unnest($3::text[], $4::int[], $5::int[], $6::jsonb[]) on conflict do nothing`,
    [
      cluster,
      ack.node,
      ack.workloads.map((each) => each.workload),
      ack.workloads.map((each) => each.pods),
      ack.workloads.map((each) => each.enforced),
      ack.workloads.map((each) => JSON.stringify(each.addresses)),
    ],
  );
  await tx.query(
    `insert into convergence select workload, $2 from workload_acks where workload = any($1) group by workload having sum(pods) = sum(enforced)
     on conflict (workload) do update set fully_converged_at = excluded.fully_converged_at`,
    [ack.workloads.map((each) => each.workload), ack.at],
  );
}

export interface Converged {
  readonly status: ConvergenceStatus;
  readonly addresses: readonly string[];
}
interface Row {
  workload: string;
  pods: number;
  enforced: number;
  acked_at: Date;
  fully_converged_at: Date | null;
  addresses: string[][];
}

export async function convergence(db: Queryable): Promise<Map<string, Converged>> {
  const { rows } = await db.query<Row>(
    `select w.workload, sum(w.pods)::int as pods, sum(w.enforced)::int as enforced, max(n.acked_at) as acked_at,
       max(c.fully_converged_at) as fully_converged_at, jsonb_agg(w.addresses) as addresses
     from workload_acks w join node_acks n using (cluster, node) left join convergence c using (workload) group by w.workload`,
  );
  return new Map(
    rows.map((row) => [
      row.workload,
      { status: statusOf(row), addresses: [...new Set(row.addresses.flat())].sort() },
    ]),
  );
}

function statusOf(row: Row): ConvergenceStatus {
  return {
    total_pods_count: row.pods,
    success_pods_count: row.enforced,
    pending_pods_count: row.pods - row.enforced,
    errors_count: 0,
    acked_at: row.acked_at.toISOString(),
    fully_converged_at: row.fully_converged_at?.toISOString() ?? null,
    errors: [],
  };
}

export const NOT_ACKNOWLEDGED: Converged = {
  status: {
    total_pods_count: 0,
    success_pods_count: 0,
    pending_pods_count: 0,
    errors_count: 0,
    acked_at: null,
    fully_converged_at: null,
    errors: [],
  },
  addresses: [],
};

export interface NodeAckRow {
  readonly cluster: string;
  readonly node: string;
  readonly revision: number;
  readonly policyVersion: number;
  readonly ackedAt: Date;
  readonly failed: ClusterAck['failed'];
}
export async function nodeAcks(db: Queryable): Promise<Map<string, NodeAckRow>> {
  const { rows } = await db.query<NodeAckRow>(
    `select cluster, node, revision::int, policy_version::int as "policyVersion", acked_at as "ackedAt", failed from node_acks`,
  );
  return new Map(rows.map((row) => [`${row.cluster}/${row.node}`, row]));
}
