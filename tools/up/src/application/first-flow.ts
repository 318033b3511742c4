/** Waits until the explorer shows a flow: the whole path stands, from a packet to a row. */
import { untilDone } from '@ringfence/testing';
import type { RingfenceApi } from '../ringfence-api.js';

const HOUR_MS = 3_600_000;
const anything = { include: [[]], exclude: [] };

export async function firstFlow(api: RingfenceApi): Promise<void> {
  await untilDone(
    async () => ((await flows(api)).length > 0 ? { done: true } : { missing: 'the explorer shows none yet' }),
    { what: 'the first flow', everyMs: 500 },
  );
}

export interface FlowRow {
  readonly num_connections: number;
  readonly policy_decision: string;
  readonly src: { ip: string; workload?: { href: string; name: string | null } };
  readonly dst: { ip: string; workload?: { href: string; name: string | null } };
  readonly service: { port: number; proto: number };
  readonly flow_direction: string;
  readonly rules?: readonly unknown[];
}

/** All flows since then, without a time of the last hour, by the API's own way: query, wait, download. */
export async function flows(api: RingfenceApi, since = new Date(Date.now() - HOUR_MS)): Promise<FlowRow[]> {
  const query = await api.post<{ href: string; status: string }>('/traffic_flows/async_queries', {
    query_name: 'recent flows',
    start_date: since.toISOString(),
    end_date: new Date(Date.now() + HOUR_MS).toISOString(),
    sources: anything,
    destinations: anything,
    services: { include: [], exclude: [] },
    policy_decisions: [],
    max_results: 10_000,
  });
  await untilDone(
    async () => {
      const { status } = await api.get<{ status: string }>(query.href);
      if (status === 'failed') throw new Error('The explorer query failed');
      return status === 'completed' ? { done: true } : { missing: `it is ${status}` };
    },
    { what: 'the explorer query' },
  );
  const found = await api.get<FlowRow[]>(`${query.href}/download`);
  await api.remove(query.href);
  return found;
}
