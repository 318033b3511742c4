/** Rule ends in the order of their rules. They are sorted when somebody asks; of thousands with one that is new that is a look at each. */
import { appended } from '@ringfence/labels';
import { compareRuleOrder } from './rule-compiler.js';
import type { RuleEnd, RuleOrder } from './rule-compiler.js';

export class RuleEnds<E extends { readonly order: RuleOrder } = RuleEnd> {
  private ends: E[] = [];
  private isSorted = true;
  /** Are still among the others. */
  private gone: Set<E> | null = null;

  get size(): number {
    return this.ends.length - (this.gone?.size ?? 0);
  }

  /** One that is not there and never was. */
  add(end: E): void {
    this.ends = appended(this.ends, end);
    this.isSorted = this.ends.length === 1;
  }

  /** One that is there. */
  delete(end: E): void {
    this.gone ??= new Set();
    this.gone.add(end);
  }

  sorted(): readonly E[] {
    const { gone } = this;
    if (gone !== null) this.ends = this.ends.filter((end) => !gone.has(end));
    this.gone = null;
    if (!this.isSorted) this.ends = this.ends.toSorted((a, b) => compareRuleOrder(a.order, b.order));
    this.isSorted = true;
    return this.ends;
  }
}
