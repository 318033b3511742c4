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
  readonly ip: string;
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
  private readonly made = new Map<string, number>();

  constructor(
    private readonly pods: PodBook,
    private readonly began: number,
  ) {}

  /** By the caller's node, so that a difference says where to look. A reset is an answer: the connection was let through. */
  attempt({ from, host, port, proto, began, ended, outcome }: Attempt): void {
    if (from.role !== CALLER || outcome === 'dropped' || proto !== 6 || port !== PORTS.shop) return;
    const to = this.pods.holders(host, began, ended).find(({ name }) => name.startsWith(CALLED));
    if (to === undefined) return;
    const pair = pairOf(from.address, to.address);
    this.made.set(pair, (this.made.get(pair) ?? 0) + 1);
  }

  /** Waits as long as more is coming. */
  async compare(api: RingfenceApi): Promise<FlowComparison[]> {
    let reported = await this.reported(api);
    let movedAt = now();
    while (!this.isEqual(reported) && now() - movedAt < STILL_MS) {
      await sleep(1_000);
      const next = await this.reported(api);
      if (JSON.stringify([...next]) !== JSON.stringify([...reported])) movedAt = now();
      reported = next;
    }
    const pairs = [...new Set([...this.made.keys(), ...reported.keys()])].sort();
    return pairs.map((pair) => ({ pair, made: this.made.get(pair) ?? 0, reported: reported.get(pair) ?? 0 }));
  }

  private isEqual(reported: ReadonlyMap<string, number>): boolean {
    return [...this.made].every(([pair, made]) => (reported.get(pair) ?? 0) >= made);
  }

  private async reported(api: RingfenceApi): Promise<Map<string, number>> {
    const counts = new Map<string, number>();
    for (const { src, dst, policy_decision, num_connections } of await rows(api, this.began)) {
      if (policy_decision === 'blocked' || src.workload?.name !== CALLER || dst.workload?.name !== CALLED)
        continue;
      const pair = pairOf(src.ip, dst.ip);
      counts.set(pair, (counts.get(pair) ?? 0) + num_connections);
    }
    return new Map([...counts].sort(([left], [right]) => left.localeCompare(right)));
  }
}

function pairOf(from: string, to: string): string {
  return `${CALLER} ${from} → ${CALLED} ${to} tcp/${PORTS.shop}`;
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
