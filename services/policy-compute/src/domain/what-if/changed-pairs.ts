/**
 * Pairs of workloads that two policies judge differently, in full. Only what a rule that differs speaks about can differ, so only that is
 * judged: at both borders of the ports it names.
 */
import type { Group, LabelSetId, PortRange, WireRule } from '@ringfence/contracts';
import { labelSetId } from '@ringfence/labels';
import type { EntityFact } from '../facts.js';
import { addressEnd, entityEnd, IN_FULL, judgedByLabels } from '../judged-by-labels.js';
import type { End } from '../judged-by-labels.js';
import type { StandingPolicy } from '../standing-policy.js';
import { groupedBy } from '../suggestion/grouped-by.js';

export interface Pair {
  readonly from: End;
  readonly to: End;
  readonly proto: number;
  readonly port: number;
}
export interface ChangedPairs {
  readonly gained: readonly Pair[];
  readonly lost: readonly Pair[];
  /** There are more: not all were looked at. */
  readonly isCut: boolean;
}

/** Beyond this an answer is no help to anybody, and the process has other work. */
export const MOST_CANDIDATES = 20_000;
type Standings = ReadonlyMap<string, StandingPolicy>;
type Members = ReadonlyMap<LabelSetId, readonly EntityFact[]>;

export function changedPairs(
  before: Standings,
  after: Standings,
  entities: ReadonlyMap<string, EntityFact>,
): ChangedPairs {
  const members = groupedBy(entities.values(), labelSetId);
  const candidates = new Map<string, Pair>();
  for (const pair of candidatesOf(before, after, members)) {
    if (candidates.size >= MOST_CANDIDATES) break;
    candidates.set(`${idOf(pair.from)} ${idOf(pair.to)} ${pair.proto} ${pair.port}`, pair);
  }
  const passes = ({ from, to, proto, port }: Pair, standings: Standings): boolean =>
    judgedByLabels({ from, to, packet: { proto, port } }, (cluster) => standings.get(cluster), IN_FULL)
      .explanation.reason.kind === 'allowed';
  const judged = [...candidates.values()].map((pair) => ({
    pair,
    before: passes(pair, before),
    after: passes(pair, after),
  }));
  const pairsWhere = (isWanted: (one: (typeof judged)[number]) => boolean): Pair[] =>
    judged.filter(isWanted).map(({ pair }) => pair);
  return {
    gained: pairsWhere((one) => !one.before && one.after),
    lost: pairsWhere((one) => one.before && !one.after),
    isCut: candidates.size >= MOST_CANDIDATES,
  };
}

const idOf = ({ entity, token }: End): string => entity?.id ?? token;

function* candidatesOf(before: Standings, after: Standings, members: Members): Generator<Pair> {
  for (const cluster of new Set([...before.keys(), ...after.keys()])) {
    const sides = [before.get(cluster), after.get(cluster)];
    for (const [one, other] of [sides, sides.toReversed()])
      if (one !== undefined) yield* onlyIn(one, other, members);
  }
}

/** What rules speak about that the other policy does not have, or has with another meaning. */
function* onlyIn(
  standing: StandingPolicy,
  other: StandingPolicy | undefined,
  members: Members,
): Generator<Pair> {
  for (const labelSet of standing.units.keys())
    for (const direction of ['ingress', 'egress'] as const)
      for (const rule of rulesOnlyIn(standing, other, labelSet, direction)) {
        const own = ends(members.get(labelSet) ?? [], rule.onlyWorkloads);
        yield* pairsOf(rule, own, peersOf(rule, standing, members), direction);
      }
}

type Direction = 'ingress' | 'egress';

function rulesOnlyIn(
  standing: StandingPolicy,
  other: StandingPolicy | undefined,
  labelSet: LabelSetId,
  direction: Direction,
): WireRule[] {
  const isSame = (group: string): boolean =>
    JSON.stringify(standing.groups.get(group)) === JSON.stringify(other?.groups.get(group));
  const known = new Set(other?.unit(labelSet)?.[direction].map((rule) => JSON.stringify(rule)));
  const rules = standing.unit(labelSet)?.[direction] ?? [];
  return rules.filter((rule) => !known.has(JSON.stringify(rule)) || !rule.peers.every(isSame));
}

function* pairsOf(
  { ports }: WireRule,
  own: readonly End[],
  peers: readonly End[],
  direction: Direction,
): Generator<Pair> {
  for (const self of own)
    for (const peer of peers)
      for (const { proto, port } of ports.flatMap(borders)) {
        const [from, to] = direction === 'egress' ? [self, peer] : [peer, self];
        yield { from, to, proto, port };
      }
}

function peersOf({ peers }: WireRule, standing: StandingPolicy, members: Members): End[] {
  return peers.flatMap((id) => {
    const group = standing.groups.get(id);
    return group === undefined ? [] : endsOf(group, members);
  });
}

function endsOf({ labelSets, workloads, cidrs }: Group, members: Members): End[] {
  const named = new Set(workloads);
  const byName = [...members.values()].flat().filter(({ id }) => named.has(id));
  return [
    ...labelSets.flatMap((id) => ends(members.get(id) ?? [], undefined)),
    ...ends(byName, undefined),
    ...cidrs.map((cidr) => ({ ...addressEnd(cidr.split('/')[0]!), name: cidr })),
  ];
}

/** `only`: a rule that names workloads means no others. */
function ends(members: readonly EntityFact[], only: readonly string[] | undefined): End[] {
  const meant = members.filter((one) => one.class !== 'service' && (only?.includes(one.id) ?? true));
  return meant.map(entityEnd);
}

/** Any of a protocol without ports stands for all of it. */
const ANY_PORT = 1;
function borders({ proto, from, to, icmpType, icmpCode }: PortRange): { proto: number; port: number }[] {
  if (proto === -1) return [{ proto: 6, port: ANY_PORT }];
  if (icmpType !== undefined) return [{ proto, port: icmpType * 256 + (icmpCode ?? 0) }];
  const ports = new Set([from ?? ANY_PORT, to ?? from ?? ANY_PORT]);
  return [...ports].map((port) => ({ proto, port }));
}
