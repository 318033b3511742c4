/**
 * Pairs of workloads that two policies judge differently, in full. Only what a rule that differs speaks about can differ, so only that is
 * judged: wherever, within the ports it names, rules between the two tell packets apart.
 */
import type { Group, LabelSetId, PortRange, WireRule } from '@ringfence/contracts';
import { labelSetId } from '@ringfence/labels';
import { formatAddress, parseCidr } from '@ringfence/policy-engine';
import type { EntityFact } from '../facts.js';
import {
  addressEnd,
  addressesAbroad,
  enforced,
  entityEnd,
  holds,
  IN_FULL,
  isSeenIn,
  judgedByLabels,
  membersFor,
} from '../judged-by-labels.js';
import type { End } from '../judged-by-labels.js';
import type { StandingPolicy } from '../standing-policy.js';
import { groupedBy } from '../suggestion/grouped-by.js';
import { toldApart } from './told-apart.js';

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
  const between = new PortsBetween([before, after]);
  for (const cluster of new Set([...before.keys(), ...after.keys()])) {
    const sides = [before.get(cluster), after.get(cluster)];
    for (const [one, other] of [sides, sides.toReversed()])
      if (one !== undefined) yield* onlyIn(one, other, { members, between });
  }
}

interface Town {
  readonly members: Members;
  readonly between: PortsBetween;
}

/** What rules speak about that the other policy does not have, or has with another meaning. */
function* onlyIn(
  standing: StandingPolicy,
  other: StandingPolicy | undefined,
  { members, between }: Town,
): Generator<Pair> {
  for (const labelSet of standing.units.keys())
    for (const direction of ['ingress', 'egress'] as const)
      for (const rule of rulesOnlyIn(standing, other, labelSet, direction)) {
        const own = ends(members.get(labelSet) ?? [], rule.onlyWorkloads);
        const peers = peersOf(rule, standing, members);
        yield* pairsOf(rule, direction === 'egress' ? [own, peers] : [peers, own], between);
      }
}

function* pairsOf(
  { ports }: WireRule,
  [sources, destinations]: readonly [readonly End[], readonly End[]],
  between: PortsBetween,
): Generator<Pair> {
  for (const from of sources)
    for (const to of destinations)
      for (const packet of toldApart(ports, between.of(from, to))) yield { from, to, ...packet };
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

/** The ports of all rules that speak between two ends, under either policy. */
class PortsBetween {
  private readonly known = new Map<string, readonly PortRange[]>();

  constructor(private readonly policies: readonly Standings[]) {}

  of(from: End, to: End): readonly PortRange[] {
    const key = `${idOf(from)} ${idOf(to)}`;
    const known =
      this.known.get(key) ?? this.policies.flatMap((standings) => portsBetween(from, to, standings));
    this.known.set(key, known);
    return known;
  }
}

function portsBetween(from: End, to: End, standings: Standings): PortRange[] {
  const standing = (cluster: string): StandingPolicy | undefined => standings.get(cluster);
  const members = membersFor(from, to, standing);
  const spoken = (end: End, direction: Direction, peer: string): PortRange[] => {
    const rules = enforced(end, standing)?.unit[direction] ?? [];
    return rules.flatMap(({ ports, peers }) =>
      peers.some((group) => members.contains(group, peer, NO_HOST)) ? ports : [],
    );
  };
  return [...spoken(from, 'egress', `to:${to.token}`), ...spoken(to, 'ingress', `from:${from.token}`)];
}
const NO_HOST: ReadonlySet<string> = new Set();

function peersOf({ peers }: WireRule, standing: StandingPolicy, members: Members): End[] {
  return peers.flatMap((id) => {
    const group = standing.groups.get(id);
    return group === undefined ? [] : endsOf(group, members);
  });
}

/** Whoever has an address in it is meant by it, too. */
function endsOf(group: Group, members: Members): End[] {
  const { labelSets, workloads, cidrs } = group;
  if (cidrs.length === 0 && workloads.length === 0)
    return labelSets.flatMap((id) => ends(members.get(id) ?? [], undefined));
  const known = [...members.values()].flat();
  const owned = new Set(known.flatMap((one) => [...one.addresses, ...addressesAbroad(one, 'from')]));
  return [
    ...ends(
      known.filter((one) => holds(group, entityEnd(one)) || isSeenIn(group, one, 'from')),
      undefined,
    ),
    ...cidrs.flatMap((cidr) => nobodyIn(cidr, owned)),
  ];
}

/** Stands for whoever in it is not known. */
function nobodyIn(cidr: string, owned: ReadonlySet<string>): End[] {
  const { version, first, last } = parseCidr(cidr)!;
  const borders = [first, last].map((value) => formatAddress({ version, value }));
  const free = borders.find((address) => !owned.has(address));
  return free === undefined ? [] : [{ ...addressEnd(free), name: cidr }];
}

/** `only`: a rule that names workloads means no others. */
function ends(members: readonly EntityFact[], only: readonly string[] | undefined): End[] {
  const meant = members.filter((one) => one.class !== 'service' && (only?.includes(one.id) ?? true));
  return meant.map(entityEnd);
}
