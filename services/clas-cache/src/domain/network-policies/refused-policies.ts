/** NetworkPolicies that cannot be read, as the control plane is told of them: some by name, all by their count. */
import type { ClusterPulse } from '@ringfence/contracts';
import { MOST_REFUSED_POLICIES } from '@ringfence/contracts';

export type RefusedPolicies = NonNullable<ClusterPulse['refusedNetworkPolicies']>;
export type RefusedPolicy = RefusedPolicies['named'][number] & { readonly uid: string };

export function refusedPolicies(refused: Iterable<RefusedPolicy>): RefusedPolicies {
  const named: RefusedPolicies['named'] = [];
  let count = 0;
  for (const { uid: _, ...policy } of refused) {
    count += 1;
    if (named.length < MOST_REFUSED_POLICIES) named.push(policy);
  }
  return { named, count };
}
