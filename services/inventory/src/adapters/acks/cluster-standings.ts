/** How each cluster stands, for its status, the health of the whole and the metrics. */
import type { PolicyProgressView } from '@ringfence/contracts';
import type { EventStore } from '@ringfence/event-store';
import { clusterHealth } from '../../domain/cluster-status.calculator.js';
import type { ClusterHealth, ClusterStanding, Silence } from '../../domain/cluster-status.calculator.js';
import { grouped } from '../../domain/grouped.js';
import type { NotInForceRow } from '../../domain/enforcement-alarms.calculator.js';
import { notInForceRows, pulses } from '../../read/enforcement.js';
import { containerClusters } from '../../read/inventory-documents.js';
import { suspensions } from '../../read/suspensions.js';
import { policyProgresses } from './asked-policy.client.js';
import type { ProgressParts } from './asked-policy.client.js';
import { clustersSeen } from '../../read/agents.js';
import type { Listening } from './listening-since.js';
import { liveNodes } from '../facts/observed.store.js';

export interface StandingParts extends ProgressParts {
  readonly listening: Listening;
  readonly silence: Silence;
}

/** By cluster; clusters whose clas-cache has not said anything yet are not in it. */
export async function clusterStandings(store: EventStore): Promise<Map<string, ClusterStanding>> {
  const rows = grouped(await notInForceRows(store.entities), ({ cluster }) => cluster);
  const heard = [...(await pulses(store.entities)).values()];
  return new Map(
    heard.map(({ cluster, heardAt, missing, places, notInForce, refusedPolicies }) => {
      const named = rows.get(cluster) ?? [];
      // The one may be a moment ahead of the other.
      const all = Math.max(notInForce, named.length);
      const reasons = reasonsOf(named);
      return [cluster, { heardAt, missing, places, notInForce: all, reasons, refusedPolicies }];
    }),
  );
}

function reasonsOf(rows: readonly NotInForceRow[]): ClusterStanding['reasons'] {
  return [...grouped(rows, ({ token }) => token)]
    .map(([token, same]) => {
      const [oldest] = same;
      return { token, count: same.length, since: oldest.since, message: oldest.message };
    })
    .sort((a, b) => b.count - a.count);
}

export interface NamedStanding {
  readonly id: string;
  readonly name: string;
  readonly health: ClusterHealth;
  readonly standing: ClusterStanding | null;
  readonly progress: PolicyProgressView;
}

export async function namedStandings(parts: StandingParts): Promise<NamedStanding[]> {
  const { store, listening, silence } = parts;
  const [seen, nodes, standings, cutOff] = [
    await clustersSeen(store.entities),
    await liveNodes(store.entities),
    await clusterStandings(store),
    await suspensions(store.entities),
  ];
  const progressOf = await policyProgresses(parts);
  return (await containerClusters.live(store.entities)).map(({ id, body: { name } }) => {
    const facts = {
      lastHeartbeat: seen.get(id)?.lastSeen ?? null,
      inSync: seen.get(id)?.inSync ?? false,
      lacks: seen.get(id)?.lacks ?? [],
      nodes: nodes.filter((node) => node.cluster === id),
      pulse: standings.get(id) ?? null,
      progress: progressOf(id).view,
      suspension: cutOff.get(id) ?? null,
    };
    const { pulse: standing, progress } = facts;
    return { id, name, health: clusterHealth(facts, listening.hearing(), silence), standing, progress };
  });
}
