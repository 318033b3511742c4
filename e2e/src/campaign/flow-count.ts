/** Connections that the campaign made, counted against what the explorer reports, per pair of workloads and port. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { RingfenceApi } from '@ringfence/up';
import { now, wallTime } from './clock.js';
import type { Attempt } from './model.js';
import type { PodBook } from './pod-book.js';
import { PORTS, SHOP } from './town.js';

export interface FlowComparison {
  readonly pair: string;
  readonly made: number;
  readonly reported: number;
}
interface Row {
  readonly src: { readonly workload?: { readonly name: string | null } };
  readonly dst: { readonly workload?: { readonly name: string | null } };
  readonly service: { readonly port: number; readonly proto: number };
  readonly num_connections: number;
  readonly policy_decision: string;
}

const COUNTED_PORTS: readonly number[] = [PORTS.shop, PORTS.switched];
const CALLER = 'shop-client';
const WORKLOADS = ['shop-server', 'crowd'];
/** Nothing more has come for so long. */
const STILL_MS = 40_000;
const QUERY_MS = 60_000;

export class FlowCount {
  private readonly made = new Map<string, number>();

  constructor(
    private readonly pods: PodBook,
    private readonly began: number,
  ) {}

  /** Connections of clients in full mode to Pods of which there is no doubt; whoever else calls the shop is not counted. */
  attempt({ from, host, port, proto, began, ended, outcome }: Attempt): void {
    if (from.role !== CALLER || outcome !== 'open' || proto !== 6 || !COUNTED_PORTS.includes(port)) return;
    const holders = this.pods.holders(host, began, ended);
    const to = holders.find(({ namespace }) => namespace === SHOP);
    if (to === undefined) return;
    const workload = WORKLOADS.find((name) => to.name.startsWith(name)) ?? to.name;
    const pair = `${CALLER} → ${workload} tcp/${port}`;
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
    for (const { src, dst, service, ...row } of await rows(api, this.began)) {
      const to = dst.workload?.name ?? '';
      if (row.policy_decision === 'blocked' || src.workload?.name !== CALLER || !WORKLOADS.includes(to))
        continue;
      const pair = `${CALLER} → ${to} tcp/${service.port}`;
      counts.set(pair, (counts.get(pair) ?? 0) + row.num_connections);
    }
    return new Map([...counts].sort(([left], [right]) => left.localeCompare(right)));
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
    services: { include: COUNTED_PORTS.map((port) => ({ port, proto: 6 })), exclude: [] },
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
