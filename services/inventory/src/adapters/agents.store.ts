/** Agents and Kubelinks as last heard. A heartbeat writes a row, not an event; only changed addresses are one. */
import type { AgentHeartbeat, ClusterObserved, HostConnection, NodeEssential } from '@ringfence/contracts';
import type { AppendBatch } from '@ringfence/event-store';
import type pg from 'pg';
import { commandOnNode, nodeGone } from './observation-events.js';

export interface AgentRow {
  readonly cluster: string;
  readonly node: string;
  readonly machineId: string;
  readonly version: string;
  readonly status: 'active' | 'stopped';
  readonly revision: number;
  readonly pods: number;
  readonly podsEnforced: number;
  readonly errors: AgentHeartbeat['errors'];
  readonly host: { essential: NodeEssential[]; cutByFull: HostConnection[] } | null;
  readonly lastHeartbeat: Date;
  readonly lastGoodbye: Date | null;
}
export interface ClusterSeen {
  readonly cluster: string;
  readonly kubernetesVersion: string;
  readonly kubelinkVersion: string;
  readonly inSync: boolean;
  readonly lastSeen: Date;
}
type Queryable = Pick<pg.ClientBase, 'query'>;

export async function noteClusterSeen(tx: Queryable, cluster: string, seen: ClusterObserved): Promise<void> {
  await tx.query(
    `insert into clusters_seen values ($1, $2, $3, $4, $5) on conflict (cluster) do update set
       kubernetes_version = excluded.kubernetes_version, kubelink_version = excluded.kubelink_version, in_sync = excluded.in_sync,
       last_seen = excluded.last_seen where clusters_seen.last_seen < excluded.last_seen`,
    [cluster, seen.kubernetesVersion, seen.kubelinkVersion, seen.inSync, seen.observedAt],
  );
}

/** null: the agent does not tell it (yet). */
const hostText = ({ essential = [], cutByFull }: AgentHeartbeat): string | null =>
  cutByFull === undefined ? null : JSON.stringify({ essential, cutByFull });

/** An agent that is not paired (any more) is not listened to. */
export async function noteHeartbeat(
  tx: pg.PoolClient,
  cluster: string,
  beat: AgentHeartbeat,
): Promise<AppendBatch[]> {
  const saysGoodbye = beat.status === 'stopping';
  const { rowCount } = await tx.query(
    `update agents set machine_id = $3, version = $4, status = $5, revision = $6, pods = $7, pods_enforced = $8, errors = $9,
       last_heartbeat = $10, last_goodbye = case when $11 then $10 else last_goodbye end, host = coalesce($12, host)
     where cluster = $1 and node = $2 and last_heartbeat <= $10`,
    [
      cluster,
      beat.node,
      beat.machineId,
      beat.version,
      saysGoodbye ? 'stopped' : 'active',
      beat.revision,
      beat.pods,
      beat.podsEnforced,
      JSON.stringify(beat.errors),
      beat.observedAt,
      saysGoodbye,
      hostText(beat),
    ],
  );
  if (rowCount === 0) return [];
  if (beat.status === 'unpaired') return nodeGone(tx, cluster, beat.node);
  return commandOnNode(tx, cluster, beat.node, { type: 'observe-addresses', addresses: beat.addresses });
}

export interface PairedAgent {
  readonly node: string;
  readonly machineId: string;
  /** Null: it was paired before agents had keys. */
  readonly publicKey: string | null;
  /** Null: it is paired no longer. */
  readonly workload: string | null;
}
const PAIRED = `select a.node, a.paired_machine_id as "machineId", a.public_key as "publicKey", w.body->>'id' as workload
  from agents a left join workloads w on w.cluster = a.cluster and w.body->>'node' = a.node and w.deleted_at is null
  where a.cluster = $1`;

export async function agentOfNode(db: Queryable, cluster: string, node: string): Promise<PairedAgent | null> {
  const { rows } = await db.query<PairedAgent>(`${PAIRED} and a.node = $2`, [cluster, node]);
  return rows[0] ?? null;
}

export async function agentOfKey(
  db: Queryable,
  cluster: string,
  publicKey: string,
): Promise<PairedAgent | null> {
  const { rows } = await db.query<PairedAgent>(`${PAIRED} and a.public_key = $2`, [cluster, publicKey]);
  return rows[0] ?? null;
}

export async function noteAgentPaired(
  tx: Queryable,
  agent: { cluster: string; node: string; machineId: string; version: string; publicKey: string; at: Date },
): Promise<void> {
  await tx.query(
    `insert into agents (cluster, node, machine_id, version, status, revision, pods, pods_enforced, errors, last_heartbeat, public_key, paired_machine_id)
     values ($1, $2, $3, $4, 'active', 0, 0, 0, '[]', $5, $6, $3)
     on conflict (cluster, node) do update set machine_id = excluded.machine_id, version = excluded.version, status = 'active',
       public_key = excluded.public_key, paired_machine_id = excluded.paired_machine_id,
       last_heartbeat = greatest(agents.last_heartbeat, excluded.last_heartbeat)`,
    [agent.cluster, agent.node, agent.machineId, agent.version, agent.at.toISOString(), agent.publicKey],
  );
}

export async function agents(db: Queryable): Promise<AgentRow[]> {
  const { rows } = await db.query<AgentRow>(
    `select cluster, node, machine_id as "machineId", version, status, revision::int, pods, pods_enforced as "podsEnforced", errors, host,
       last_heartbeat as "lastHeartbeat", last_goodbye as "lastGoodbye" from agents`,
  );
  return rows;
}

export async function clustersSeen(db: Queryable): Promise<Map<string, ClusterSeen>> {
  const { rows } = await db.query<ClusterSeen>(
    `select cluster, kubernetes_version as "kubernetesVersion", kubelink_version as "kubelinkVersion", in_sync as "inSync", last_seen as "lastSeen" from clusters_seen`,
  );
  return new Map(rows.map((row) => [row.cluster, row]));
}
