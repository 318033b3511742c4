/** Short ways to say a Pod's policy in tests. */
import type { EnforcementMode, Unit, WireRule } from '@ringfence/contracts';
import { buildModel, peerSet } from '@ringfence/firewall';
import type { FirewallModel } from '@ringfence/firewall';

export const group = (n: number): string => `g-${String(n).padStart(20, '0')}`;

export function unitOf(
  mode: EnforcementMode,
  rules: Partial<Pick<Unit, 'ingress' | 'egress' | 'isolated'>>,
): Unit {
  const labelSet = {
    id: 'ls-00000000000000000001',
    cluster: 'c',
    namespace: 'n',
    class: 'pod' as const,
    labels: [],
  };
  return { labelSet, mode, ingress: [], egress: [], ...rules };
}

export function allow(peers: readonly number[], ...ports: WireRule['ports']): WireRule {
  return { ref: '/rules/1', class: 'allow', ports, peers: peers.map(group) };
}

/** `members` by group number: addresses and CIDRs in one list. `judging`: groups of nodes that judge. */
export function modelOf(
  unit: Unit,
  members: Readonly<Record<number, readonly string[]>>,
  judging: readonly number[] = [],
): FirewallModel {
  const find = (id: string) => {
    const list = members[Number(id.slice(2))] ?? [];
    return peerSet(
      list.filter((each) => !each.includes('/')),
      list.filter((each) => each.includes('/')),
    );
  };
  return buildModel(unit, find, { kind: 'pod', revision: 1, judging: judging.map(group) });
}
