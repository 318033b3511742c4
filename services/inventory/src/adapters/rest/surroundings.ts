/** What is shown beside workloads and agents themselves: labels, heartbeats, acknowledgements, timers; read once per request. */
import type { EventStore } from '@ringfence/event-store';
import { orgHref } from '@ringfence/resources';
import type { Hearing } from '../../domain/cluster-status.calculator.js';
import type { NotInForceRow } from '../../domain/enforcement-alarms.calculator.js';
import { isOnlineAgent } from '../../domain/offline.js';
import type { Timers } from '../../domain/offline.js';
import type { Asked, Reach } from '../../domain/reach.js';
import type { Workload } from '../../domain/workload.decider.js';
import { nodeAcks } from '../../read/acks.js';
import type { NodeAckRow } from '../../read/acks.js';
import type { AgentRow } from '../../read/agents.js';
import { agents } from '../../read/agents.js';
import { notInForceRows } from '../../read/enforcement.js';
import { containerClusters } from '../../read/inventory-documents.js';
import { labelled } from '../../read/labelled.js';
import type { KnownLabel } from '../../read/labelled.js';
import { policyProgresses } from '../acks/asked-policy.client.js';
import type { ProgressOf, ProgressParts } from '../acks/asked-policy.client.js';
import type { Listening } from '../acks/listening-since.js';
import type { ReachOf } from './reach.client.js';
import { timersOf } from './workload-settings.resource.js';
import type { SettingsParts } from './workload-settings.resource.js';

export interface Surroundings {
  readonly labels: ReadonlyMap<string, KnownLabel>;
  /** By `cluster/node`. */
  readonly agents: ReadonlyMap<string, AgentRow>;
  readonly acks: ReadonlyMap<string, NodeAckRow>;
  /** Nodes that are not in force, by `cluster/node`. */
  readonly notInForce: ReadonlyMap<string, NotInForceRow>;
  readonly clusterNames: ReadonlyMap<string, string>;
  readonly progressOf: ProgressOf;
  readonly hearing: Hearing;
  readonly timers: Timers;
  /** Of whoever asks. */
  readonly reach: Reach;
}

export interface SurroundingParts extends ProgressParts, SettingsParts {
  readonly store: EventStore;
  readonly listening: Listening;
  readonly reachOf: ReachOf;
}

export async function surroundings(parts: SurroundingParts, { caps }: Asked): Promise<Surroundings> {
  const { store, listening } = parts;
  const clusters = await containerClusters.live(store.entities);
  return {
    labels: await labelled.all(store.entities, 'label'),
    agents: new Map((await agents(store.entities)).map((agent) => [`${agent.cluster}/${agent.node}`, agent])),
    acks: await nodeAcks(store.entities),
    notInForce: new Map(
      (await notInForceRows(store.entities)).flatMap((row) =>
        row.id === row.node ? [[`${row.cluster}/${row.node}`, row]] : [],
      ),
    ),
    clusterNames: new Map(clusters.map((cluster) => [cluster.id, cluster.body.name])),
    hearing: listening.hearing(),
    timers: await timersOf(parts),
    reach: await parts.reachOf({ caps }),
    // Last: what is asked is asked for after everything else was read.
    progressOf: await policyProgresses(parts),
  };
}

export function labelReferences(
  ids: readonly string[],
  labels: ReadonlyMap<string, KnownLabel>,
): Record<string, unknown>[] {
  return ids.map((id) => {
    const label = labels.get(id);
    return { href: orgHref(`labels/${id}`), key: label?.key ?? '', value: label?.value ?? '' };
  });
}

export const placeOf = ({ cluster, node }: Workload): string => `${cluster}/${node}`;

export function isOnline(workload: Workload, around: Surroundings): boolean {
  if (!workload.managed) return workload.online;
  if (workload.lost === true) return false;
  const agent = around.agents.get(placeOf(workload));
  return agent !== undefined && isOnlineAgent(agent, workload.labels, around.timers, around.hearing);
}

export function clusterReference(
  cluster: string | null,
  around: Surroundings,
): Record<string, unknown> | null {
  if (cluster === null) return null;
  return { href: orgHref(`container_clusters/${cluster}`), name: around.clusterNames.get(cluster) ?? '' };
}

/** Null: nobody gave one. */
export const textOf = (workload: Workload, name: 'name' | 'hostname' | 'description'): string | null =>
  workload[name] || (workload.emptied?.includes(name) ? '' : null);
