/**
 * Two models → the change that leads from the first to the second, and whether it must revoke. A value, free of any kernel's
 * syntax: a back end puts it into text. Every change of policy also rotates the flow sets, so that one interval has one policy;
 * whatever may take a right away raises the generation with it, so that every live connection is judged again.
 */
import { hasTable, isEnforced, nextGeneration } from './firewall.model.js';
import type { FirewallModel } from './firewall.model.js';
import { policyDifference } from './policy-difference.js';
import type { Difference } from './policy-difference.js';

interface AnyChange {
  /** The generation was raised. */
  readonly bump: boolean;
  /** The generation wrapped: marks that old must be cleared from conntrack before. */
  readonly clearMarks: boolean;
  /** What is in the kernel afterwards. */
  readonly model: FirewallModel;
}

/** The table is new, or gone, and its flow sets with it. */
interface Whole extends AnyChange {
  readonly kind: 'whole';
}

/** `rotation`: nothing but the writers of flows. The half that will be written is emptied: it must have been read. */
interface Patch extends AnyChange {
  readonly kind: 'delta' | 'rotation';
  readonly from: FirewallModel;
}

/** All of it is new but its flow sets. */
interface Takeover extends AnyChange {
  readonly kind: 'takeover';
  readonly found: TakenOver;
}

export type Change = Whole | Patch | Takeover;

/** What an earlier agent left, as far as a back end needs names to replace it. */
export interface FoundObjects {
  readonly chains: readonly string[];
  readonly sets: readonly string[];
  readonly maps: readonly string[];
}

export interface TakenOver {
  readonly generation: number;
  /** The half that is being written; the other one is emptied and written from now on. */
  readonly half: 0 | 1;
  readonly objects: FoundObjects;
}

/** Generation and half of `desired` are ignored: they follow from `from`. */
export function changeBetween(from: FirewallModel | undefined, desired: FirewallModel): Change | 'nothing' {
  const wasThere = from !== undefined && hasTable(from);
  if (!hasTable(desired)) return wasThere ? removal(from, desired) : 'nothing';
  // What a removed table approved is still marked in conntrack.
  if (!wasThere || from.kind !== desired.kind || isEnforced(from) !== isEnforced(desired))
    return replacement(from, desired);
  const difference = differenceOf(policyOf(from), policyOf(desired));
  if (difference === 'nothing') return 'nothing';
  const bump = difference === 'revokes';
  const generation = bump ? nextGeneration(from.generation) : from.generation;
  const model = sameAs(desired, { ...desired, generation, half: from.half === 0 ? 1 : 0 });
  return { kind: 'delta', from, bump, clearMarks: generation < from.generation, model };
}

function removal({ generation }: FirewallModel, desired: FirewallModel): Change {
  return { kind: 'whole', bump: false, clearMarks: false, model: { ...desired, generation } };
}

/** Replaces whatever table is there. With the generation raised nothing that the old one approved is trusted. */
export function replacement(from: FirewallModel | undefined, desired: FirewallModel): Change {
  const generation = from === undefined ? desired.generation : nextGeneration(from.generation);
  return {
    kind: 'whole',
    bump: from !== undefined,
    clearMarks: from !== undefined && generation < from.generation,
    model: sameAs(desired, { ...desired, generation }),
  };
}

/** Switches the writers to the other half, emptied first; the half of `model` can then be read at leisure. */
export function rotation(from: FirewallModel): Change {
  const model = sameAs(from, { ...from, half: from.half === 0 ? 1 : 0 });
  return { kind: 'rotation', from, bump: false, clearMarks: false, model };
}

/** Where the flow sets are as we declare them: the half that was being written is left to be read, complete to the last packet. */
export function takeover(found: TakenOver, desired: FirewallModel): Change {
  const generation = nextGeneration(found.generation);
  const model: FirewallModel = { ...desired, generation, half: found.half === 0 ? 1 : 0 };
  return { kind: 'takeover', found, bump: true, clearMarks: generation < found.generation, model };
}

/**
 * Namespaces of one policy share their models, so what follows from a policy alone is worked out once for all of them.
 * Pure all the same: the values are never changed.
 */
const policies = new WeakMap<FirewallModel, FirewallModel>();
const differences = new WeakMap<FirewallModel, WeakMap<FirewallModel, Difference>>();

/** The model that was asked for: this one may differ from it in generation and half. */
export function policyOf(model: FirewallModel): FirewallModel {
  return policies.get(model) ?? model;
}

function sameAs(policy: FirewallModel, model: FirewallModel): FirewallModel {
  policies.set(model, policyOf(policy));
  return model;
}

function differenceOf(from: FirewallModel, to: FirewallModel): Difference {
  const others = differences.get(from) ?? new WeakMap<FirewallModel, Difference>();
  const difference = others.get(to) ?? policyDifference(from, to);
  differences.set(from, others.set(to, difference));
  return difference;
}
