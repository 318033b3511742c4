/** Whether two models say the same, and if not, whether the second may take somebody's right away. */
import type { ChainRule, DirectionPolicy, FirewallModel, PeerSet } from './firewall.model.js';
import { isDenial } from './firewall.model.js';

export type Difference = 'nothing' | 'revokes' | 'only-allows';

/**
 * Conservative: everything revokes but peers added to allow rules only, peers taken from deny rules only, and what a node judges
 * for others. A bump too many costs one evaluation per live connection; one too few leaves a forbidden connection alive.
 */
export function policyDifference(from: FirewallModel, to: FirewallModel): Difference {
  if (from === to) return 'nothing';
  if (from.mode !== to.mode || shape(from) !== shape(to)) return 'revokes';
  const changed = [...to.peers].flatMap(([group, peers]) => {
    const old = from.peers.get(group);
    const difference = old !== undefined && old !== peers ? peerDifference(old, peers) : NO_DIFFERENCE;
    return difference.added || difference.removed ? [{ group, ...difference }] : [];
  });
  if (changed.length === 0) return guardShape(from) === guardShape(to) ? 'nothing' : 'only-allows';
  const denied = deniedGroups(to);
  const revokes = changed.some(({ group, added, removed }) =>
    denied.has(group) ? added || (removed && isAllowed(to, group)) : removed,
  );
  return revokes ? 'revokes' : 'only-allows';
}

const decisions = (rules: readonly ChainRule[]): unknown =>
  rules.map((rule) => [isDenial(rule.class), rule.peers]);

function shape(model: FirewallModel): string {
  const ofDirection = ({ segments, anyProtocol }: DirectionPolicy): unknown => [
    segments.map(({ proto, from, to, rules: own }) => [proto, from, to, decisions(own)]),
    decisions(anyProtocol),
  ];
  const rules = [model.ingress, model.egress].map(ofDirection);
  const hidden =
    model.hidden && [model.hidden.pod, model.hidden.stranger].map((by) => [by[4], by[6]].map(ofDirection));
  return JSON.stringify([rules, model.judging, hidden, model.isolated]);
}

function guardShape({ guard }: FirewallModel): string {
  const targets = guard?.targets.map((target) => ({ ...target, rules: decisions(target.rules) }));
  return JSON.stringify({ ...guard, targets });
}

interface PeerDifference {
  readonly added: boolean;
  readonly removed: boolean;
}

const NO_DIFFERENCE: PeerDifference = { added: false, removed: false };

function groupsBy(model: FirewallModel, isDenied: boolean): Set<string> {
  const rules = [model.ingress, model.egress].flatMap(({ segments, anyProtocol }) => [
    ...segments.flatMap((each) => each.rules),
    ...anyProtocol,
  ]);
  return new Set(rules.filter((rule) => isDenial(rule.class) === isDenied).flatMap((rule) => rule.peers));
}

/** What came from a node counted as its own until it was known to judge: those groups deny and allow. */
function deniedGroups(model: FirewallModel): Set<string> {
  return new Set([...groupsBy(model, true), ...model.judging]);
}

function isAllowed(model: FirewallModel, group: string): boolean {
  return model.judging.includes(group) || groupsBy(model, false).has(group);
}

function peerDifference(from: PeerSet, to: PeerSet): PeerDifference {
  const pairs = [
    [from.hosts4, to.hosts4],
    [from.hosts6, to.hosts6],
    [new Set(from.cidrs4), new Set(to.cidrs4)],
    [new Set(from.cidrs6), new Set(to.cidrs6)],
  ] as const;
  return {
    added: pairs.some(([old, next]) => lacksAny(old, next)),
    removed: pairs.some(([old, next]) => lacksAny(next, old)),
  };
}

function lacksAny(set: ReadonlySet<string>, elements: ReadonlySet<string>): boolean {
  return [...elements].some((element) => !set.has(element));
}
