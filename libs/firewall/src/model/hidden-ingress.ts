/**
 * What a node lets in of those whom another node hides behind its own address (network plugins masquerade what a Pod sends
 * to a node). Who it is nobody knows here: for a Pod anybody of the Pod networks, for a stranger anybody at all. A rule that
 * allows counts if it holds for everybody it could be, one that denies if it holds for anybody.
 */
import type { WireRule } from '@ringfence/contracts';
import { CidrSet, mergeIntervals, parseCidr } from '@ringfence/policy-engine';
import type { Interval } from '@ringfence/policy-engine';
import { isDenial } from './firewall.model.js';
import type { DirectionPolicy, HiddenIngress, PeerSet } from './firewall.model.js';
import { directionPolicy } from './port-segments.js';

type Members = (group: string) => PeerSet | undefined;

const EVERYBODY = { 4: ['0.0.0.0/0'], 6: ['::/0'] } as const;

/** `podNetworks`: their group. Whoever is hidden counts as of it: Kubernetes may not know them all, and Pods need the API server. */
export function hiddenIngress(
  ingress: readonly WireRule[],
  podNetworks: string,
  members: Members,
): HiddenIngress {
  const ofPods = members(podNetworks);
  const forAnyOf = (family: 4 | 6, networks: readonly string[]): DirectionPolicy => {
    const known = networks.length > 0 ? networks : EVERYBODY[family];
    const [holdsAll, holdsAny] = [holdingAll(family, known, members), holdingAny(family, known, members)];
    const counts = ({ class: ruleClass, peers }: WireRule): boolean =>
      isDenial(ruleClass)
        ? peers.some(holdsAny)
        : peers.some((group) => group === podNetworks || holdsAll(group));
    return directionPolicy(ingress.filter(counts));
  };
  return {
    pod: { 4: forAnyOf(4, ofPods?.cidrs4 ?? []), 6: forAnyOf(6, ofPods?.cidrs6 ?? []) },
    stranger: { 4: forAnyOf(4, []), 6: forAnyOf(6, []) },
  };
}

/** By ranges: nobody names every address of a network. */
function holdingAll(family: 4 | 6, networks: readonly string[], members: Members) {
  const wanted = intervals(networks);
  return once((group) => {
    const held = intervals(members(group)?.[`cidrs${family}`] ?? []);
    return wanted.every(({ first, last }) => held.some((own) => own.first <= first && last <= own.last));
  });
}

function holdingAny(family: 4 | 6, networks: readonly string[], members: Members) {
  const wanted = intervals(networks);
  const addresses = new CidrSet(networks);
  return once((group) => {
    const held = intervals(members(group)?.[`cidrs${family}`] ?? []);
    if (wanted.some(({ first, last }) => held.some((own) => own.first <= last && first <= own.last)))
      return true;
    for (const address of members(group)?.[`hosts${family}`] ?? [])
      if (addresses.contains(address)) return true;
    return false;
  });
}

/** Many rules name the same group. */
function once(holds: (group: string) => boolean): (group: string) => boolean {
  const known = new Map<string, boolean>();
  return (group) => {
    const answer = known.get(group) ?? holds(group);
    known.set(group, answer);
    return answer;
  };
}

function intervals(cidrs: readonly string[]): Interval[] {
  return mergeIntervals(cidrs.map(parseCidr).filter((interval): interval is Interval => interval !== null));
}
