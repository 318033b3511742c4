/**
 * Flows → the edges of a graph: one per source, destination and port, with the outcome that holds now. Pure. Of one connection's older
 * outcomes the newest counts; of several Pods at one edge the worst, among those that were judged by the newest policy.
 */
import type { Flow } from '@ringfence/contracts';
import {
  destinationName,
  endName,
  isInfrastructure,
  isMereService,
  portName,
  reasonOf,
} from './flow-words.js';
import type { Grouping, RuleNames } from './flow-words.js';
import { grouped } from './grouped.js';

export interface Edge {
  readonly from: string;
  readonly to: string;
  readonly port: string;
  readonly verdict: Flow['policy_decision'];
  /** The rule's name, or why there is none. */
  readonly rule: string;
  readonly connections: number;
  readonly first_seen: string;
  readonly last_seen: string;
}
export interface Edges {
  /** The newest first. */
  readonly edges: readonly Edge[];
  /** How many more are infrastructure. */
  readonly folded: number;
}
export interface EdgeOptions {
  readonly by: Grouping;
  /** Infrastructure, too. */
  readonly all: boolean;
  readonly rules: RuleNames;
}

const WORST_FIRST: readonly Flow['policy_decision'][] = [
  'blocked',
  'potentially_blocked',
  'unknown',
  'allowed',
];

export function edgesOf(flows: readonly Flow[], { by, all, rules }: EdgeOptions): Edges {
  const groups = grouped(flows, answeredKeys(flows, by));
  const found = [...groups.values()].map((group) => ({
    edge: edgeOf(group, by, rules),
    isFolded: !all && group.every(isInfrastructure),
  }));
  const edges = found.filter(({ isFolded }) => !isFolded).map(({ edge }) => edge);
  return {
    edges: edges.sort((a, b) => b.last_seen.localeCompare(a.last_seen) || a.from.localeCompare(b.from)),
    folded: found.length - edges.length,
  };
}

const keyOf = (flow: Flow, by: Grouping): string =>
  [endName(flow.src, by), destinationName(flow, by), portName(flow)].join(' ');

/** What called a Service before anybody was behind it belongs to who answered the same caller there since. */
function answeredKeys(flows: readonly Flow[], by: Grouping): (flow: Flow) => string {
  const callOf = ({ src, dst: { service } }: Flow): string =>
    `${endName(src, by)} ${service?.namespace}/${service?.name}`;
  const answered = grouped(
    flows.filter((flow) => flow.dst.service !== undefined && !isMereService(flow)),
    callOf,
  );
  return (flow) => {
    const own = keyOf(flow, by);
    if (!isMereService(flow)) return own;
    const answers = answered.get(callOf(flow)) ?? [];
    const onPort = answers.filter((answer) => portName(answer) === portName(flow));
    const [key, ...others] = new Set(
      (onPort.length > 0 ? onPort : answers).map((answer) => keyOf(answer, by)),
    );
    return key !== undefined && others.length === 0 ? key : own;
  };
}

function edgeOf(group: readonly Flow[], by: Grouping, rules: RuleNames): Edge {
  const answered = group.filter((flow) => !isMereService(flow));
  const decisive = decisiveOf(answered.length > 0 ? answered : group);
  const times = group.map(({ timestamp_range: range }) => range);
  return {
    from: endName(decisive.src, by),
    to: destinationName(decisive, by),
    port: portName(decisive),
    verdict: decisive.policy_decision,
    rule: reasonOf(decisive, rules),
    connections: group.reduce((sum, { num_connections: count }) => sum + count, 0),
    first_seen: times.map(({ first_detected: at }) => at).sort()[0] ?? '',
    last_seen:
      times
        .map(({ last_detected: at }) => at)
        .sort()
        .at(-1) ?? '',
  };
}

function decisiveOf(group: readonly Flow[]): Flow {
  const perPair = grouped(group, ({ src, dst }) => `${src.ip} ${dst.ip}`);
  const newest = [...perPair.values()].map((flows) => flows.reduce((a, b) => (isNewer(b, a) ? b : a)));
  const version = Math.max(...newest.map(({ policy_version: each }) => each));
  const current = newest.filter(({ policy_version: each }) => each === version);
  return current.reduce((a, b) => (badness(b) < badness(a) ? b : a));
}

function isNewer(one: Flow, other: Flow): boolean {
  const by = one.policy_version - other.policy_version;
  return by > 0 || (by === 0 && one.timestamp_range.last_detected > other.timestamp_range.last_detected);
}

const badness = ({ policy_decision: verdict }: Flow): number => WORST_FIRST.indexOf(verdict);
