/** Acknowledgements of nodes, kept per workload: on how many of its Pods the policy is in the kernel. */
import type { ClusterAck, ConvergenceStatus, EnforcementView } from '@ringfence/contracts';
import { orgHref } from '@ringfence/resources';
import { entitiesIn, keepNewest, WHOLE_NUMBER } from '@ringfence/event-store';
import type { EventStore } from '@ringfence/event-store';
import type pg from 'pg';
import { EntitySchema } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { grouped } from '../domain/grouped.js';
import type { NotInForceRow } from '../domain/enforcement-alarms.calculator.js';
import { notInForceRows, replaceNotInForce } from './enforcement.js';

export interface NodeAckRow {
  readonly cluster: string;
  readonly node: string;
  readonly revision: number;
  readonly policyVersion: number;
  readonly ackedAt: Date;
  readonly failed: ClusterAck['failed'];
  readonly saidAt: Date;
  readonly notInForce: number;
}

export const NodeAckEntity = new EntitySchema<NodeAckRow>({
  name: 'NodeAck',
  tableName: 'node_acks',
  columns: {
    cluster: { type: 'text', primary: true },
    node: { type: 'text', primary: true },
    revision: WHOLE_NUMBER,
    policyVersion: { ...WHOLE_NUMBER, name: 'policy_version' },
    ackedAt: { name: 'acked_at', type: 'timestamptz' },
    failed: { type: 'jsonb' },
    saidAt: { name: 'said_at', type: 'timestamptz' },
    notInForce: { name: 'not_in_force', type: 'int', default: 0 },
  },
});

interface WorkloadAckRow {
  readonly cluster: string;
  readonly node: string;
  readonly workload: string;
  readonly pods: number;
  readonly enforced: number;
  readonly addresses: readonly string[];
}

export const WorkloadAckEntity = new EntitySchema<WorkloadAckRow>({
  name: 'WorkloadAck',
  tableName: 'workload_acks',
  columns: {
    cluster: { type: 'text', primary: true },
    node: { type: 'text', primary: true },
    workload: { type: 'text', primary: true },
    pods: { type: 'int' },
    enforced: { type: 'int' },
    addresses: { type: 'jsonb' },
  },
  indices: [{ name: 'workload_acks_workload_idx', columns: ['workload'] }],
});

interface ConvergenceRow {
  readonly cluster: string;
  readonly workload: string;
  readonly fullyConvergedAt: Date;
}

export const ConvergenceEntity = new EntitySchema<ConvergenceRow>({
  name: 'Convergence',
  tableName: 'convergence',
  columns: {
    cluster: { type: 'text', primary: true },
    workload: { type: 'text', primary: true },
    fullyConvergedAt: { name: 'fully_converged_at', type: 'timestamptz' },
  },
});
export interface NodeAcked {
  readonly cluster: string;
  readonly ack: ClusterAck;
}

/** The newest per node; an older one that comes late changes nothing. Returns clusters in which other places are in force now. */
export async function applyAcks(tx: pg.PoolClient, acks: readonly NodeAcked[]): Promise<Set<string>> {
  const newest = new Map(acks.map((each) => [`${each.cluster}/${each.ack.node}`, each]));
  const rows = [...newest.values()].map(rowOf);
  const changed = new Set<string>();
  for (const { cluster, node } of await keepNewest(entitiesIn(tx), NodeAckEntity, rows, 'saidAt')) {
    const { ack } = newest.get(`${cluster}/${node}`)!;
    await applyWorkloads(tx, cluster, ack);
    if (await replaceNotInForce(tx, cluster, ack)) changed.add(cluster);
  }
  return changed;
}

function rowOf({ cluster, ack }: NodeAcked): NodeAckRow {
  const { node, revision, policyVersion, at, failed, saidAt = at, notInForceCount = 0 } = ack;
  const times = { ackedAt: new Date(at), saidAt: new Date(saidAt) };
  return { cluster, node, revision, policyVersion, failed, notInForce: notInForceCount, ...times };
}

/** SQL: a node's workloads are replaced as a whole (`npm run bench -- rows`). */
async function applyWorkloads(tx: pg.PoolClient, cluster: string, ack: ClusterAck): Promise<void> {
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
    `insert into convergence select cluster, workload, $3 from workload_acks where cluster = $1 and workload = any($2)
       group by cluster, workload having sum(pods) = sum(enforced)
     on conflict (cluster, workload) do update set fully_converged_at = excluded.fully_converged_at`,
    [cluster, ack.workloads.map((each) => each.workload), ack.at],
  );
}

/** Laggards that are shown by name. */
const MOST_SHOWN = 100;

export interface Converged {
  readonly laggards: readonly NotInForceRow[];
  readonly status: ConvergenceStatus;
  readonly addresses: readonly string[];
  readonly nodes: readonly string[];
  /** That all of them have acknowledged; null: there is none. */
  readonly policyVersion: number | null;
}
interface Row {
  cluster: string;
  workload: string;
  pods: number;
  enforced: number;
  acked_at: Date;
  fully_converged_at: Date | null;
  addresses: string[][];
  nodes: string[];
  policy_version: number;
}

/** By `cluster/workload`: what a cluster says of another's workload is nobody's. SQL: the server adds up (`npm run bench -- rows`). */
export async function convergence({ pool, entities }: EventStore): Promise<Map<string, Converged>> {
  const notInForce = grouped(
    await notInForceRows(entities),
    ({ cluster, workload }) => `${cluster}/${workload ?? ''}`,
  );
  const { rows } = await pool.query<Row>(
    `select w.cluster, w.workload, sum(w.pods)::int as pods, sum(w.enforced)::int as enforced, max(n.acked_at) as acked_at,
       max(c.fully_converged_at) as fully_converged_at, jsonb_agg(w.addresses) as addresses,
       array_agg(w.node) as nodes, min(n.policy_version)::int as policy_version
     from workload_acks w join node_acks n using (cluster, node) left join convergence c using (cluster, workload) group by w.cluster, w.workload`,
  );
  return new Map(
    rows.map((row) => {
      const laggards = notInForce.get(`${row.cluster}/${row.workload}`) ?? [];
      const addresses = [...new Set(row.addresses.flat())].sort();
      const { nodes, policy_version: policyVersion } = row;
      const status = statusOf(row, laggards);
      return [`${row.cluster}/${row.workload}`, { status, addresses, laggards, nodes, policyVersion }];
    }),
  );
}

/** Pods that are told to be not in force are errors; the others that are not enforced are on their way. */
function statusOf(row: Row, laggards: readonly NotInForceRow[]): ConvergenceStatus {
  return {
    total_pods_count: row.pods,
    success_pods_count: row.enforced,
    pending_pods_count: Math.max(0, row.pods - row.enforced - laggards.length),
    errors_count: laggards.length,
    acked_at: row.acked_at.toISOString(),
    fully_converged_at: row.fully_converged_at?.toISOString() ?? null,
    errors: laggards.slice(0, MOST_SHOWN).map(({ name, workload, token, message }) => ({
      pod_name: name,
      workload: { href: orgHref(`kubernetes_workloads/${workload ?? ''}`) },
      token,
      message,
    })),
  };
}

export const NOT_ACKNOWLEDGED: Converged = {
  laggards: [],
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
  nodes: [],
  policyVersion: null,
};

/** What is asked beside what is in force. */
export function enforcementView(
  told: Omit<EnforcementView, 'laggards' | 'not_in_force_since'>,
  laggards: readonly NotInForceRow[],
): EnforcementView {
  return {
    ...told,
    not_in_force_since: laggards[0]?.since.toISOString() ?? null,
    laggards: laggards.slice(0, MOST_SHOWN).map((each) => ({
      ...{ name: each.name, namespace: each.namespace, node: each.node, asked: each.asked },
      ...{ in_force: each.inForce, token: each.token, message: each.message },
      since: each.since.toISOString(),
    })),
  };
}

export async function nodeAcks(entities: EntityManager): Promise<Map<string, NodeAckRow>> {
  const rows = await entities.find(NodeAckEntity);
  return new Map(rows.map((row) => [`${row.cluster}/${row.node}`, row]));
}
