/**
 * Connections that the campaign made, counted against what the explorer reports: between workloads that stand all the while, on a
 * port that is always allowed, so that each attempt is one connection and nothing else is.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { RingfenceApi } from '@ringfence/up';
import { now, wallTime } from './clock.js';
import type { Attempt } from './model.js';
import type { PodBook } from './pod-book.js';
import { PORTS } from './town.js';

export interface FlowComparison {
  readonly pair: string;
  readonly made: number;
  readonly reported: number;
}
interface RowEnd {
  readonly workload?: { readonly name: string | null };
}
interface Row {
  readonly src: RowEnd;
  readonly dst: RowEnd;
  readonly num_connections: number;
  readonly policy_decision: string;
}

const CALLER = 'shop-client';
const CALLED = 'shop-server';
/** Nothing more has come for so long. */
const STILL_MS = 40_000;
const QUERY_MS = 60_000;

export class FlowCount {
  private made = 0;

  constructor(
    private readonly pods: PodBook,
    private readonly began: number,
  ) {}

  /** A reset is an answer: the connection was let through. */
  attempt({ from, host, port, proto, began, ended, outcome }: Attempt): void {
    if (from.role !== CALLER || outcome === 'dropped' || proto !== 6 || port !== PORTS.shop) return;
    const to = this.pods.holders(host, began, ended).find(({ name }) => name.startsWith(CALLED));
    if (to === undefined) return;
    this.made += 1;
  }

  /** Waits as long as more is coming. */
  async compare(api: RingfenceApi): Promise<FlowComparison[]> {
    let reported = await this.reported(api);
    let movedAt = now();
    while (reported < this.made && now() - movedAt < STILL_MS) {
      await sleep(1_000);
      const next = await this.reported(api);
      if (next !== reported) movedAt = now();
      reported = next;
    }
    return [{ pair: `${CALLER} → ${CALLED} tcp/${PORTS.shop}`, made: this.made, reported }];
  }

  private async reported(api: RingfenceApi): Promise<number> {
    const counted = (await rows(api, this.began)).filter(
      ({ src, dst, policy_decision }) =>
        policy_decision !== 'blocked' && src.workload?.name === CALLER && dst.workload?.name === CALLED,
    );
    return counted.reduce((sum, { num_connections }) => sum + num_connections, 0);
  }
}

async function rows(api: RingfenceApi, since: number): Promise<Row[]> {
  const anything = { include: [[]], exclude: [] };
  const query = await api.post<{ href: string; status: string }>('/traffic_flows/async_queries', {
    query_name: 'campaign',
    start_date: wallTime(since - 60_000).toISOString(),
    end_date: wallTime(now() + 3_600_000).toISOString(),
    sources: anything,
    destinations: anything,
    services: { include: [{ port: PORTS.shop, proto: 6 }], exclude: [] },
    policy_decisions: [],
    max_results: 200_000,
  });
  let { status } = query;
  const deadline = now() + QUERY_MS;
  while (status !== 'completed') {
    if (status === 'failed' || now() > deadline) throw new Error(`the explorer's query is ${status}`);
    await sleep(100);
    ({ status } = await api.get<{ status: string }>(query.href));
  }
  return api.get<Row[]>(`${query.href}/download`);
}
