/** Agents and Kubelinks as last heard. */
import type { AgentHeartbeat, HostConnection, KubelinkLack, NodeEssential } from '@ringfence/contracts';
import { WHOLE_NUMBER } from '@ringfence/event-store';
import { EntitySchema } from 'typeorm';
import type { EntityManager } from 'typeorm';

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
  /** As it said last, and its workload has them; null: nothing since it was paired. */
  readonly addresses: readonly string[] | null;
  readonly host: { essential: NodeEssential[]; cutByFull: HostConnection[] } | null;
  readonly lastHeartbeat: Date;
  readonly lastGoodbye: Date | null;
  readonly publicKey: string | null;
  readonly pairedMachineId: string | null;
  /** Until then the machine may be paired with another key than the one that it is paired with. */
  readonly recoveryUntil: Date | null;
  /** When its last word came, by our clock. */
  readonly heardAt: Date;
  /** Its workload is lost to its peers. */
  readonly lost: boolean;
}

export const AgentEntity = new EntitySchema<AgentRow>({
  name: 'Agent',
  tableName: 'agents',
  columns: {
    cluster: { type: 'text', primary: true },
    node: { type: 'text', primary: true },
    machineId: { name: 'machine_id', type: 'text' },
    version: { type: 'text' },
    status: { type: 'text' },
    revision: WHOLE_NUMBER,
    pods: { type: 'int' },
    podsEnforced: { name: 'pods_enforced', type: 'int' },
    errors: { type: 'jsonb' },
    addresses: { type: 'text', array: true, nullable: true },
    host: { type: 'jsonb', nullable: true },
    lastHeartbeat: { name: 'last_heartbeat', type: 'timestamptz' },
    lastGoodbye: { name: 'last_goodbye', type: 'timestamptz', nullable: true },
    publicKey: { name: 'public_key', type: 'text', nullable: true },
    pairedMachineId: { name: 'paired_machine_id', type: 'text', nullable: true },
    recoveryUntil: { name: 'recovery_until', type: 'timestamptz', nullable: true },
    heardAt: { name: 'heard_at', type: 'timestamptz', default: () => 'now()' },
    lost: { type: 'boolean', default: false },
  },
  indices: [{ name: 'agents_cluster_public_key_idx', columns: ['cluster', 'publicKey'], unique: true }],
});

export interface ClusterSeen {
  readonly cluster: string;
  readonly kubernetesVersion: string;
  readonly kubelinkVersion: string;
  readonly inSync: boolean;
  readonly lacks: readonly KubelinkLack[];
  readonly lastSeen: Date;
}

export const ClusterSeenEntity = new EntitySchema<ClusterSeen>({
  name: 'ClusterSeen',
  tableName: 'clusters_seen',
  columns: {
    cluster: { type: 'text', primary: true },
    kubernetesVersion: { name: 'kubernetes_version', type: 'text' },
    kubelinkVersion: { name: 'kubelink_version', type: 'text' },
    inSync: { name: 'in_sync', type: 'boolean' },
    lacks: { type: 'jsonb', default: () => "'[]'" },
    lastSeen: { name: 'last_seen', type: 'timestamptz' },
  },
});

export const agents = (entities: EntityManager): Promise<AgentRow[]> => entities.find(AgentEntity);

/** What says whether hosts are lost; the rest of their rows is far larger. */
export type HeardRow = Pick<AgentRow, 'cluster' | 'node' | 'status' | 'heardAt' | 'lost'>;

/** Of all, or of these. */
export const heardAgents = (
  entities: EntityManager,
  which?: readonly Pick<AgentRow, 'cluster' | 'node'>[],
): Promise<HeardRow[]> =>
  entities.find(AgentEntity, {
    select: { cluster: true, node: true, status: true, heardAt: true, lost: true },
    ...(which !== undefined && { where: which.map(({ cluster, node }) => ({ cluster, node })) }),
  });

export async function noteLost(
  entities: EntityManager,
  { cluster, node }: Pick<AgentRow, 'cluster' | 'node'>,
  lost: boolean,
): Promise<void> {
  await entities.update(AgentEntity, { cluster, node }, { lost });
}

export const isRecovering = ({ recoveryUntil }: Pick<AgentRow, 'recoveryUntil'>, now: Date): boolean =>
  recoveryUntil !== null && recoveryUntil > now;

/** Null: no longer. */
export async function allowRecovery(
  entities: EntityManager,
  { cluster, node }: { readonly cluster: string | null; readonly node: string | null },
  until: Date | null,
): Promise<void> {
  await entities.update(AgentEntity, { cluster: cluster ?? '', node: node ?? '' }, { recoveryUntil: until });
}

export async function clustersSeen(entities: EntityManager): Promise<Map<string, ClusterSeen>> {
  const rows = await entities.find(ClusterSeenEntity);
  return new Map(rows.map((row) => [row.cluster, row]));
}
