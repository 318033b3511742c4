/**
 * How far what the control plane says has come: what the nodes were told from, and what all of them that are heard have in
 * their kernels. A node that is not heard, or unpaired, holds nothing up: its places are told to be not in force.
 */
import type { ClusterPulse, PolicyStamp } from '@ringfence/contracts';
import { MOST_BEHIND } from '@ringfence/contracts';

export type PolicyProgress = NonNullable<ClusterPulse['policy']>;

export interface ProgressLookup {
  /** Nodes that anything is enforced on, and that are heard. */
  nodes(): Iterable<string>;
  /** What the node has acknowledged; null: nothing of what it was told. */
  inForce(node: string): PolicyStamp | null;
}

export function policyProgress(told: PolicyStamp, lookup: ProgressLookup): PolicyProgress {
  const behind: string[] = [];
  let inForce: PolicyStamp | null = told;
  for (const node of lookup.nodes()) {
    const stamp = lookup.inForce(node);
    if (stamp === null || !isSame(stamp, told)) behind.push(node);
    inForce = older(inForce, stamp);
  }
  return { told, inForce, behind: behind.sort().slice(0, MOST_BEHIND), behindCount: behind.length };
}

/** Of each part the one that both have reached. */
function older(one: PolicyStamp | null, other: PolicyStamp | null): PolicyStamp | null {
  if (one === null || other === null) return null;
  const { label, profile, entity } = one.facts;
  return {
    policyVersion: Math.min(one.policyVersion, other.policyVersion),
    facts: {
      label: Math.min(label, other.facts.label),
      profile: Math.min(profile, other.facts.profile),
      entity: Math.min(entity, other.facts.entity),
    },
    settled: Math.min(one.settled, other.settled),
  };
}

export function isSame(one: PolicyStamp, other: PolicyStamp): boolean {
  return (
    one.policyVersion === other.policyVersion &&
    one.settled === other.settled &&
    one.facts.label === other.facts.label &&
    one.facts.profile === other.facts.profile &&
    one.facts.entity === other.facts.entity
  );
}
