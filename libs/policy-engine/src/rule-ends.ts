/**
 * Rule ends of one direction in the order of their rules, and what they say. They are sorted when somebody asks; of thousands with one
 * that is new that is a look at each.
 */
import type { WireRule } from '@ringfence/contracts';
import { appended } from '@ringfence/labels';
import { compareRuleOrder, sameWire } from './rule-compiler.js';
import type { RuleEnd } from './rule-compiler.js';

export type OrderedWire = Pick<RuleEnd, 'order' | 'wire'>;

export class RuleEnds<E extends OrderedWire = RuleEnd> implements Iterable<E> {
  private ends: E[] = [];
  private isSorted = true;
  /** Are still among the others. */
  private gone: Set<E> | null = null;
  /** What they say, once somebody asked. */
  private said: WireRule[] | null = null;

  get size(): number {
    return this.ends.length - (this.gone?.size ?? 0);
  }

  /** One that is not there and never was. */
  add(end: E): void {
    this.ends = appended(this.ends, end);
    this.isSorted = this.ends.length === 1;
    this.said = null;
  }

  /** One that is there. */
  delete(end: E): void {
    this.gone ??= new Set();
    this.gone.add(end);
    this.said = null;
  }

  [Symbol.iterator](): Iterator<E> {
    return this.sorted()[Symbol.iterator]();
  }

  sorted(): readonly E[] {
    const { gone } = this;
    if (gone !== null) this.ends = this.ends.filter((end) => !gone.has(end));
    this.gone = null;
    if (!this.isSorted) this.ends = this.ends.toSorted(inOrder);
    this.isSorted = true;
    return this.ends;
  }

  /** The same array as long as nothing comes or goes: lists that say no more share it. */
  wires(): WireRule[] {
    return (this.said ??= wiresOf(this.sorted()));
  }
}

export const inOrder = (a: OrderedWire, b: OrderedWire): number => compareRuleOrder(a.order, b.order);

/** Of ends that stand in their order. */
export function wiresOf(ends: readonly OrderedWire[]): WireRule[] {
  const rules: WireRule[] = [];
  for (const { wire } of ends) if (!repeats(rules, wire)) rules.push(wire);
  return rules.slice();
}

/** Two scopes of one rule set may say the very same of a label set; a rule's wire rules stand next to each other. */
function repeats(rules: readonly WireRule[], wire: WireRule): boolean {
  for (let i = rules.length - 1; i >= 0 && rules[i]!.ref === wire.ref; i--) {
    if (sameWire(rules[i]!, wire)) return true;
  }
  return false;
}
