/**
 * Which label sets does each selector match? Kept up incrementally:
 *
 *     entity ──▶ label set ◀──matching──▶ selector ◀── group
 *
 * Only the two in the middle are matched with each other, and never all with all: a selector hangs under the labels
 * of its rarest condition, a label set is posted under each of its labels. Adding either costs what it may touch.
 * Entities with equal labels share a label set and groups with equal questions share a selector; those outer links
 * belong to the callers.
 */
import type { LabelId, LabelSet } from '@ringfence/contracts';
import type { CatalogueIndex } from './catalogue.js';
import { Posting } from './posting.js';
import { matches } from './selector.js';
import type { Selector } from './selector.js';
import { SmallSet } from './small-set.js';

/** A selector, and whatever else whoever adds it keeps in the same record. */
export interface Selecting<L extends object> {
  readonly selector: Selector;
  readonly members: SmallSet<L>;
  /** Labels that it hangs under; null: it asks for no particular label and is tried on every label set. */
  anchor: readonly LabelId[] | null;
}

/** A label set likewise. */
export interface Selected<S extends object> {
  readonly labelSet: LabelSet;
  readonly selectors: SmallSet<S>;
  isGone: boolean;
}

/** Told of each pair once it is so. */
export type MembershipListener<S, L> = (selector: S, labelSet: L, isMember: boolean) => void;

interface LabelItem<S extends object, L extends Selected<S>> {
  readonly anchored: SmallSet<S>;
  readonly posted: Posting<L>;
}

export class MembershipIndex<S extends Selecting<L>, L extends Selected<S>> {
  private readonly labels = new Map<LabelId, LabelItem<S, L>>();
  private readonly unanchored = new Set<S>();
  private readonly everybody = new Posting<L>();

  constructor(
    private catalogue: CatalogueIndex,
    private readonly changed: MembershipListener<S, L>,
  ) {}

  /** `changed`: labels whose type is another than before (new and deleted ones included). */
  setCatalogue(catalogue: CatalogueIndex, changed: Iterable<LabelId>): void {
    this.catalogue = catalogue;
    const touched = new Set<L>();
    for (const label of changed) for (const item of this.postedUnder(label)) touched.add(item);
    for (const item of touched) this.rematch(item);
  }

  /** Once, until it is removed. */
  addLabelSet(item: L): void {
    this.everybody.add(item);
    for (const label of item.labelSet.labels) {
      const { posted, anchored } = this.open(label);
      posted.add(item);
      for (const selector of anchored) this.consider(selector, item);
    }
    for (const selector of this.unanchored) this.consider(selector, item);
  }

  removeLabelSet(item: L): void {
    item.isGone = true;
    this.everybody.lost();
    for (const label of item.labelSet.labels) {
      this.labels.get(label)!.posted.lost();
      this.close(label);
    }
    for (const selector of item.selectors) this.part(selector, item);
  }

  /** Once, until it is removed. */
  addSelector(item: S): void {
    item.anchor = this.chooseAnchor(item.selector);
    if (item.anchor === null) this.unanchored.add(item);
    else for (const label of item.anchor) this.open(label).anchored.add(item);
    for (const candidate of this.candidateSets(item.selector)) this.consider(item, candidate);
  }

  removeSelector(item: S): void {
    if (item.anchor === null) this.unanchored.delete(item);
    for (const label of item.anchor ?? []) {
      this.labels.get(label)!.anchored.delete(item);
      this.close(label);
    }
    for (const labelSet of item.members) this.part(item, labelSet);
  }

  private rematch(item: L): void {
    for (const selector of item.selectors) if (!this.match(selector, item)) this.part(selector, item);
    for (const label of item.labelSet.labels)
      for (const selector of this.labels.get(label)!.anchored) this.consider(selector, item);
    for (const selector of this.unanchored) this.consider(selector, item);
  }

  private match(selector: S, item: L): boolean {
    return matches(selector.selector, item.labelSet, this.catalogue);
  }

  private consider(selector: S, item: L): void {
    if (item.selectors.has(selector) || !this.match(selector, item)) return;
    selector.members.add(item);
    item.selectors.add(selector);
    this.changed(selector, item, true);
  }

  private part(selector: S, item: L): void {
    selector.members.delete(item);
    item.selectors.delete(selector);
    this.changed(selector, item, false);
  }

  /**
   * The condition under whose labels the fewest selectors hang so far. With "app:shop and env:production" in
   * thousands of rules, each settles under its application and nobody's look-up walks through all of production.
   */
  private chooseAnchor(selector: Selector): readonly LabelId[] | null {
    return rarest(selector, (label) => this.labels.get(label)?.anchored.size ?? 0);
  }

  private candidateSets(selector: Selector): readonly L[] {
    const labels = rarest(selector, (label) => this.labels.get(label)?.posted.size ?? 0);
    if (labels === null) return this.everybody.present();
    return labels.length === 1
      ? this.postedUnder(labels[0]!)
      : labels.flatMap((label) => this.postedUnder(label));
  }

  private postedUnder(label: LabelId): readonly L[] {
    return this.labels.get(label)?.posted.present() ?? [];
  }

  private open(label: LabelId): LabelItem<S, L> {
    let item = this.labels.get(label);
    if (item === undefined)
      this.labels.set(label, (item = { anchored: new SmallSet(), posted: new Posting() }));
    return item;
  }

  /** Something went from it. */
  private close(label: LabelId): void {
    const item = this.labels.get(label);
    if (item?.anchored.size === 0 && item.posted.size === 0) this.labels.delete(label);
  }
}

function rarest(selector: Selector, loadOf: (label: LabelId) => number): readonly LabelId[] | null {
  let best: readonly LabelId[] | null = null;
  let bestCost = Infinity;
  for (const condition of selector.conditions) {
    if (!('anyOf' in condition)) continue;
    let cost = condition.anyOf.length;
    for (const label of condition.anyOf) cost += loadOf(label);
    if (cost < bestCost) [best, bestCost] = [condition.anyOf, cost];
  }
  return best;
}
