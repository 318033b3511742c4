/** What time alone decides of hosts: which are lost to their peers, and which are heard again. */
import { entitiesIn } from '@ringfence/event-store';
import type { EventStore, OneAtATime } from '@ringfence/event-store';
import type { EntityManager } from 'typeorm';
import type { ClusterVoice } from '../../domain/heard-clusters.calculator.js';
import { HeardClusters } from '../../domain/heard-clusters.calculator.js';
import { isSilent } from '../../domain/cluster-status.calculator.js';
import type { Hearing } from '../../domain/cluster-status.calculator.js';
import { isLostHost } from '../../domain/offline.js';
import type { Timers } from '../../domain/offline.js';
import { heardAgents, noteLost } from '../../read/agents.js';
import type { HeardRow } from '../../read/agents.js';
import { pulses } from '../../read/enforcement.js';
import type { Listening } from '../acks/listening-since.js';
import { looking } from '../looking.js';
import type { Looking } from '../looking.js';
import { timersOf } from '../rest/workload-settings.resource.js';
import type { SettingsParts } from '../rest/workload-settings.resource.js';
import { SYSTEM } from '../system-actor.js';
import { workloads } from '../../read/inventory-documents.js';
import { commandOnNode } from './observation-events.js';

const LOOK_EVERY_MS = 2_000;

export interface LostHostParts extends SettingsParts {
  readonly store: EventStore;
  readonly oneAtATime: OneAtATime;
  readonly listening: Listening;
  readonly onError: (error: unknown) => void;
}

export function watchLostHosts(parts: LostHostParts): Looking {
  const clusters = new HeardClusters(parts.silence.pulseMs);
  return looking(() => lookOnce(parts, clusters), LOOK_EVERY_MS, parts.onError);
}

async function lookOnce(parts: LostHostParts, clusters: HeardClusters): Promise<void> {
  const { store, oneAtATime, listening } = parts;
  const [agents, timers] = [await heardAgents(store.entities), await timersOf(parts)];
  const now = { timers, heard: clusters.look(await voices(store, agents), listening.hearing()) };
  const changing = await changesAmong(store.entities, agents, now);
  if (changing.length === 0) return;
  await oneAtATime(() =>
    store.transaction(async (tx) => {
      // As they are in their turn: a word may have come since.
      const again = await heardAgents(entitiesIn(tx), changing);
      for (const { cluster, node, isLost } of await changesAmong(entitiesIn(tx), again, now)) {
        await noteLost(entitiesIn(tx), { cluster, node }, isLost);
        const events = await commandOnNode(tx, { cluster, node }, { type: 'lose', isLost }, SYSTEM);
        await store.appendIn(tx, events, { actor: SYSTEM, cluster: 'global' });
      }
    }),
  );
}

async function voices(store: EventStore, agents: readonly HeardRow[]): Promise<ClusterVoice[]> {
  const last = new Map<string, Date>();
  for (const { cluster, heardAt } of agents)
    if (heardAt > (last.get(cluster) ?? new Date(0))) last.set(cluster, heardAt);
  return [...(await pulses(store.entities)).values()].flatMap(({ cluster, heardAt: pulseAt }) => {
    const agentAt = last.get(cluster);
    return agentAt === undefined ? [] : [{ cluster, pulseAt, agentAt }];
  });
}

interface Now {
  readonly timers: Timers;
  readonly heard: ReadonlyMap<string, Hearing>;
}
type Change = Pick<HeardRow, 'cluster' | 'node'> & { readonly isLost: boolean };

/** Of a cluster that is not heard nobody gets lost, and who is lost stays so. */
async function changesAmong(
  entities: EntityManager,
  agents: readonly HeardRow[],
  { timers, heard }: Now,
): Promise<Change[]> {
  const all = agents.filter((agent) => agent.lost || mayBeLost(agent, timers, heard.get(agent.cluster)));
  if (all.length === 0) return [];
  const named = await workloads.having(
    entities,
    'node',
    all.map(({ node }) => node),
  );
  const byPlace = new Map(named.map(({ cluster, body }) => [`${cluster}/${body.node ?? ''}`, body]));
  return all.flatMap((agent) => {
    const { cluster, node, lost } = agent;
    const [workload, hearing] = [byPlace.get(`${cluster}/${node}`), heard.get(cluster)];
    if (workload === undefined || hearing === undefined) return [];
    const isLost = isLostHost(agent, workload.labels, timers, hearing);
    return isLost === lost && isLost === (workload.lost ?? false) ? [] : [{ cluster, node, isLost }];
  });
}

/** Some timer is over, whatever its labels. */
function mayBeLost(
  { heardAt }: HeardRow,
  { disconnected, goodbye }: Timers,
  hearing: Hearing | undefined,
): boolean {
  if (hearing === undefined) return false;
  const seconds = [...disconnected, ...goodbye].map((timer) => timer.seconds).filter((each) => each >= 0);
  return isSilent(heardAt, hearing, Math.min(...seconds) * 1_000);
}
