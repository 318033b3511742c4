/** What agents and Kubelinks say of themselves, and who is paired. A heartbeat writes a row, not an event; only changed addresses are one. */
import type { AgentHeartbeat, ClusterObserved } from '@ringfence/contracts';
import { entitiesIn, keepNewest } from '@ringfence/event-store';
import type { AppendBatch } from '@ringfence/event-store';
import type pg from 'pg';
import { Equal, LessThan, LessThanOrEqual } from 'typeorm';
import type { EntityManager, FindOptionsWhere } from 'typeorm';
import { AgentEntity, ClusterSeenEntity } from '../../read/agents.js';
import type { AgentRow } from '../../read/agents.js';
import { commandOnNode, nodeGone, workloadsOf } from './observation-events.js';

export async function noteClusterSeen(
  entities: EntityManager,
  cluster: string,
  { observedAt, kubernetesVersion, kubelinkVersion, inSync, lacks = [] }: ClusterObserved,
): Promise<void> {
  const row = { cluster, kubernetesVersion, kubelinkVersion, inSync, lacks, lastSeen: new Date(observedAt) };
  await keepNewest(entities, ClusterSeenEntity, [row], 'lastSeen');
}

/** Nothing: the agent does not tell it (yet). */
const hostOf = ({ essential = [], cutByFull }: AgentHeartbeat): { host?: object } =>
  cutByFull === undefined ? {} : { host: { essential, cutByFull } };

/** An agent that is not paired (any more) is not listened to. */
export async function noteHeartbeat(
  tx: pg.PoolClient,
  cluster: string,
  beat: AgentHeartbeat,
  heardAt: Date,
): Promise<AppendBatch[]> {
  const { node, machineId, version, revision, pods, podsEnforced, errors } = beat;
  const at = new Date(beat.observedAt);
  const addresses = [...beat.addresses].sort();
  const state =
    beat.status === 'stopping'
      ? ({ status: 'stopped', lastGoodbye: at } as const)
      : ({ status: 'active' } as const);
  const said = { machineId, version, revision, pods, podsEnforced, errors, addresses, ...state };
  const hear = async (where: FindOptionsWhere<AgentRow>): Promise<boolean> => {
    const isTheirs = { cluster, node, lastHeartbeat: LessThanOrEqual(at), ...where };
    const words = { ...said, lastHeartbeat: at, heardAt, ...hostOf(beat) };
    return (await entitiesIn(tx).update(AgentEntity, isTheirs, words)).affected !== 0;
  };
  if (beat.status === 'unpaired') return (await hear({})) ? nodeGone(tx, cluster, node) : [];
  // Its workload has them: most heartbeats are this one statement.
  if (await hear({ addresses: Equal(addresses) })) return [];
  if (await hear({})) return commandOnNode(tx, { cluster, node }, { type: 'observe-addresses', addresses });
  // What it says is older than what it said before, by its clock, but it lives.
  await entitiesIn(tx).update(AgentEntity, { cluster, node, heardAt: LessThan(heardAt) }, { heardAt });
  return [];
}

export interface PairedAgent {
  readonly node: string;
  readonly machineId: string;
  /** Null: it was paired before agents had keys. */
  readonly publicKey: string | null;
  /** Null: it is paired no longer. */
  readonly workload: string | null;
  readonly recoveryUntil: Date | null;
}

export const agentOfNode = (
  entities: EntityManager,
  cluster: string,
  node: string,
): Promise<PairedAgent | null> => pairedAgent(entities, { cluster, node });

export const agentOfKey = (
  entities: EntityManager,
  cluster: string,
  publicKey: string,
): Promise<PairedAgent | null> => pairedAgent(entities, { cluster, publicKey });

async function pairedAgent(
  entities: EntityManager,
  which: { readonly cluster: string } & ({ readonly node: string } | { readonly publicKey: string }),
): Promise<PairedAgent | null> {
  const agent = await entities.findOneBy(AgentEntity, which);
  if (agent === null) return null;
  const { cluster, node, publicKey, pairedMachineId, recoveryUntil } = agent;
  const [workload] = await workloadsOf(entities, cluster, node);
  return {
    ...{ node, machineId: pairedMachineId ?? '', publicKey },
    ...{ workload: workload?.id ?? null, recoveryUntil },
  };
}

export async function noteAgentPaired(
  entities: EntityManager,
  agent: { cluster: string; node: string; machineId: string; version: string; publicKey: string; at: Date },
): Promise<void> {
  const { cluster, node, machineId, version, publicKey, at } = agent;
  const own = { machineId, pairedMachineId: machineId, publicKey, recoveryUntil: null };
  const paired = { ...own, version, status: 'active' } as const;
  const silent = { revision: 0, pods: 0, podsEnforced: 0, errors: [], addresses: null };
  await entities
    .createQueryBuilder()
    .insert()
    .into(AgentEntity)
    .values({ cluster, node, ...paired, ...silent, lastHeartbeat: at, heardAt: at })
    .orUpdate(
      [
        ...['machine_id', 'version', 'status', 'public_key', 'paired_machine_id', 'addresses'],
        ...['recovery_until', 'heard_at'],
      ],
      ['cluster', 'node'],
    )
    .execute();
  await entities.update(AgentEntity, { cluster, node, lastHeartbeat: LessThan(at) }, { lastHeartbeat: at });
}
