/**
 * Connections that the campaign made, counted against what the explorer reports: between workloads that stand all the while, on a
 * port that is always allowed, so that each attempt is one connection and nothing else is.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Flow } from '@ringfence/contracts';
import type { RingfenceApi } from '@ringfence/up';
import { now, wallTime } from './clock.js';
import type { Attempt } from './model.js';
import type { PodBook } from './pod-book.js';
import { PORTS } from './town.js';

export interface FlowComparison {
  readonly pair: string;
  readonly made: number;
  readonly reported: number;
  /** What the explorer has on this port, and what the agents say of it: where the two differ it shows where to look. */
  readonly detail: readonly string[];
}
type Row = Pick<Flow, 'src' | 'dst' | 'num_connections' | 'policy_decision' | 'timestamp_range' | 'reports'>;

const CALLER = 'shop-client';
const CALLED = 'shop-server';
/** Nothing more has come for so long. */
const STILL_MS = 40_000;
const QUERY_MS = 60_000;

export class FlowCount {
  private readonly made: Attempt[] = [];

  constructor(
    private readonly pods: PodBook,
    private readonly began: number,
  ) {}

  /** A reset is an answer: the connection was let through. */
  attempt(attempt: Attempt): void {
    const { from, host, port, proto, began, ended, outcome } = attempt;
    if (from.role !== CALLER || outcome === 'dropped' || proto !== 6 || port !== PORTS.shop) return;
    const to = this.pods.holders(host, began, ended).find(({ name }) => name.startsWith(CALLED));
    if (to === undefined) return;
    this.made.push(attempt);
  }

  /** Waits as long as more is coming. */
  async compare(api: RingfenceApi): Promise<FlowComparison[]> {
    let found = await rows(api, this.began);
    let movedAt = now();
    while (reported(found) < this.made.length && now() - movedAt < STILL_MS) {
      await sleep(1_000);
      const next = await rows(api, this.began);
      if (reported(next) !== reported(found)) movedAt = now();
      found = next;
    }
    const made = this.made.length;
    const isEqual = made === reported(found);
    const detail = isEqual ? [] : [...found.map(inWords), ...this.made.map(attemptInWords)];
    return [{ pair: `${CALLER} → ${CALLED} tcp/${PORTS.shop}`, made, reported: reported(found), detail }];
  }
}

function reported(found: readonly Row[]): number {
  return found.filter(isOfPair).reduce((sum, { num_connections }) => sum + num_connections, 0);
}

const isOfPair = ({ src, dst, policy_decision }: Row): boolean =>
  policy_decision !== 'blocked' && src.workload?.name === CALLER && dst.workload?.name === CALLED;

function inWords(row: Row): string {
  const { src, dst, num_connections, policy_decision, timestamp_range, reports } = row;
  const side = (name: keyof Row['reports']): string => {
    const report = reports[name];
    return `${name} ${report === undefined ? 'silent' : `${report.connections} ${report.verdict} v${report.policy_version} until ${report.last_detected}`}`;
  };
  const end = ({ workload, name, ip }: Row['src']): string => `${workload?.name ?? name ?? '?'} (${ip})`;
  return `${end(src)} → ${end(dst)}: ${num_connections} ${policy_decision} since ${timestamp_range.first_detected}; ${side('outbound')}; ${side('inbound')}`;
}

const attemptInWords = ({ from, host, began, ended, outcome }: Attempt): string =>
  `made: ${from.name} → ${host} ${wallTime(began).toISOString()} for ${Math.round(ended - began)} ms: ${outcome}`;

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
