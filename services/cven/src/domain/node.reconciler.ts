/**
 * A desired table × what is known of the kernel → the next step there. Pure. Nothing is ever flushed: a table that is not
 * understood is replaced in one transaction, never under a generation that it may have approved connections with.
 */
import {
  changeBetween,
  hasTable,
  isEnforced,
  nextGeneration,
  replacement,
  takeover,
} from '@ringfence/firewall';
import type { Change, FirewallModel } from '@ringfence/firewall';
import type { NotOurs, PlaceState } from './place.state.js';

export type Step =
  | { readonly kind: 'look' }
  | { readonly kind: 'load'; readonly change: Change }
  /** The kernel has it. */
  | { readonly kind: 'done' };

export function nextStep(state: PlaceState, desired: FirewallModel): Step {
  switch (state.kind) {
    case 'unseen':
    case 'loading':
    case 'error':
    case 'removed':
      return { kind: 'look' };
    case 'no-table':
      return hasTable(desired)
        ? { kind: 'load', change: wholeTable(desired, state.generation) }
        : { kind: 'done' };
    case 'not-ours':
      return { kind: 'load', change: tableInstead(state, desired) };
    case 'in-force': {
      const change = changeBetween(state.model, desired);
      return change === 'nothing' ? { kind: 'done' } : { kind: 'load', change };
    }
  }
}

/** Its flow sets stay where that is possible: what they hold is not lost, and neither is what is counted meanwhile. */
function tableInstead({ generation, flows }: NotOurs, desired: FirewallModel): Change {
  if (generation === undefined || flows?.objects === undefined || !isEnforced(desired))
    return wholeTable(desired, generation);
  return takeover({ generation, half: flows.half, objects: flows.objects }, desired);
}

/** What the table before it approved is still marked in conntrack. */
export function wholeTable(desired: FirewallModel, before: number | undefined): Change {
  if (before === undefined) return replacement(undefined, desired);
  const generation = nextGeneration(before);
  const change = replacement(undefined, { ...desired, generation });
  return { ...change, bump: hasTable(desired), clearMarks: generation < before };
}
