/** What the cluster adds to the rules of the control plane: for Services that Pods stand behind, and by NetworkPolicies. */
import type { Unit, WireRule } from '@ringfence/contracts';
import { inOrder } from '@ringfence/policy-engine';
import type { AddedRules } from './network-policies/policy-rules.js';
import { perObject } from './per-object.js';

type Rules = readonly WireRule[];
export type RulesBehind = Pick<Unit, 'ingress' | 'egress'>;
export const BEHIND_NOTHING: RulesBehind = { ingress: [], egress: [] };

/** The same for all that share both. Each keeps its place in the total order; with nothing added a list stays the very list. */
const merged = perObject((told: Rules) =>
  perObject((added: Rules): WireRule[] => {
    const denied = told.findIndex((rule) => rule.class === 'deny');
    return told.toSpliced(denied < 0 ? told.length : denied, 0, ...added);
  }),
);
const mergedRules = (told: WireRule[], added: Rules): WireRule[] =>
  added.length === 0 ? told : merged(told)(added);

export const withBehind = (unit: Unit, { ingress, egress }: RulesBehind): Unit =>
  ingress.length + egress.length === 0
    ? unit
    : { ...unit, ingress: inOrder(unit.ingress, ingress), egress: inOrder(unit.egress, egress) };

/** In full it is isolated anyway; where nothing else is enforced, isolation is. */
export function withAdded(unit: Unit, { isolated, ingress, egress }: AddedRules): Unit {
  const isIsolated = unit.mode !== 'full' && (isolated.ingress || isolated.egress);
  return {
    ...unit,
    mode: isIsolated && unit.mode === 'idle' ? 'visibility_only' : unit.mode,
    ...(isIsolated && { isolated }),
    ingress: mergedRules(unit.ingress, ingress),
    egress: mergedRules(unit.egress, egress),
  };
}
