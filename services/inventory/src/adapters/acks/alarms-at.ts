/** Which alarms about enforcement were open at a moment, read off the events: what nodes had acknowledged by then nobody keeps. */
import type { CALLS } from '@ringfence/contracts';
import type { EventStore } from '@ringfence/event-store';
import type { z } from 'zod';
import { agents } from '../../read/agents.js';
import { streamOf } from '../stream-names.js';

type Answer = z.output<(typeof CALLS)['alarmsAt']['response']>;

export async function alarmsAt(
  store: EventStore,
  { at, clusters, workloads }: z.output<(typeof CALLS)['alarmsAt']['request']>,
): Promise<Answer> {
  const nodes = (await agents(store.entities)).filter(({ cluster }) => clusters.includes(cluster));
  const streams = [
    ...clusters.map((cluster) => streamOf.enforcement(cluster, 'cluster', cluster)),
    ...clusters.flatMap((cluster) => workloads.map((id) => streamOf.enforcement(cluster, 'workload', id))),
    ...nodes.map(({ cluster, node }) => streamOf.enforcement(cluster, 'node', node)),
  ];
  const last = [...(await store.lastUpTo(streams, at)).values()];
  return {
    alarms: last.flatMap(({ type, data }) =>
      type === 'EnforcementLost' ? [data as Answer['alarms'][number]] : [],
    ),
  };
}
