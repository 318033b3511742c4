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
import type { LabelId, LabelSet, LabelSetId } from '@ringfence/contracts';
import type { CatalogueIndex } from './catalogue.js';
import { Posting } from './posting.js';
import { matches } from './selector.js';
import type { Selector } from './selector.js';
import { addTo, removeFrom, SmallSet } from './small-set.js';

export interface MembershipChange {
  readonly selector: string;
  readonly labelSet: LabelSetId;
  readonly member: boolean;
}

interface SelectorItem {
  readonly id: string;
  readonly selector: Selector;
  /** Labels that it hangs under; null: it asks for no particular label and is tried on every label set. */
  readonly anchor: readonly LabelId[] | null;
  readonly members: Set<LabelSetItem>;
}

interface LabelSetItem {
  readonly labelSet: LabelSet;
  readonly selectors: SmallSet<SelectorItem>;
  isGone: boolean;
}

export class MembershipIndex {
  private readonly selectors = new Map<string, SelectorItem>();
  private readonly labelSets = new Map<LabelSetId, LabelSetItem>();
  private readonly anchored = new Map<LabelId, SmallSet<SelectorItem>>();
  private readonly unanchored = new Set<SelectorItem>();
  private readonly posted = new Map<LabelId, Posting<LabelSetItem>>();
  private catalogue: CatalogueIndex;

  constructor(catalogue: CatalogueIndex) {
    this.catalogue = catalogue;
  }

  /** `changed`: labels whose type is another than before (new and deleted ones included). */
  setCatalogue(catalogue: CatalogueIndex, changed: Iterable<LabelId>): MembershipChange[] {
    this.catalogue = catalogue;
    const touched = new Set<LabelSetItem>();
    for (const label of changed) for (const item of this.postedUnder(label)) touched.add(item);
    return [...touched].flatMap((item) => this.rematch(item));
  }

  /** A label set's content never changes (its id is a hash of it): a known one changes nothing. */
  addLabelSet(labelSet: LabelSet): MembershipChange[] {
    if (this.labelSets.has(labelSet.id)) return [];
    const item: LabelSetItem = { labelSet, selectors: new SmallSet(), isGone: false };
    this.labelSets.set(labelSet.id, item);
    for (const label of labelSet.labels) this.post(label, item);
    return this.rematch(item);
  }

  removeLabelSet(id: LabelSetId): MembershipChange[] {
    const item = this.labelSets.get(id);
    if (item === undefined) return [];
    this.labelSets.delete(id);
    item.isGone = true;
    for (const label of item.labelSet.labels) this.unpost(label);
    return [...item.selectors].map((selector) => this.part(selector, item));
  }

  /** The same id must always come with the same selector; a known one changes nothing. */
  addSelector(id: string, selector: Selector): MembershipChange[] {
    if (this.selectors.has(id)) return [];
    const item: SelectorItem = { id, selector, anchor: this.chooseAnchor(selector), members: new Set() };
    this.selectors.set(id, item);
    if (item.anchor === null) this.unanchored.add(item);
    else for (const label of item.anchor) addTo(this.anchored, label, item);
    const changes: MembershipChange[] = [];
    for (const candidate of this.candidateSets(selector)) {
      if (!item.members.has(candidate) && this.match(item, candidate))
        changes.push(this.join(item, candidate));
    }
    return changes;
  }

  removeSelector(id: string): MembershipChange[] {
    const item = this.selectors.get(id);
    if (item === undefined) return [];
    this.selectors.delete(id);
    if (item.anchor === null) this.unanchored.delete(item);
    else for (const label of item.anchor) removeFrom(this.anchored, label, item);
    return [...item.members].map((labelSet) => this.part(item, labelSet));
  }

  labelSet(id: LabelSetId): LabelSet | undefined {
    return this.labelSets.get(id)?.labelSet;
  }

  selectorsOf(labelSet: LabelSetId): string[] {
    const ids: string[] = [];
    for (const item of this.labelSets.get(labelSet)?.selectors ?? []) ids.push(item.id);
    return ids;
  }

  labelSetsOf(selector: string): LabelSetId[] {
    const ids: LabelSetId[] = [];
    for (const item of this.selectors.get(selector)?.members ?? []) ids.push(item.labelSet.id);
    return ids;
  }

  isMember(selector: string, labelSet: LabelSetId): boolean {
    const item = this.labelSets.get(labelSet);
    return item !== undefined && (this.selectors.get(selector)?.members.has(item) ?? false);
  }

  private rematch(item: LabelSetItem): MembershipChange[] {
    const changes: MembershipChange[] = [];
    for (const selector of item.selectors) {
      if (!this.match(selector, item)) changes.push(this.part(selector, item));
    }
    const consider = (selector: SelectorItem): void => {
      if (!item.selectors.has(selector) && this.match(selector, item))
        changes.push(this.join(selector, item));
    };
    for (const label of item.labelSet.labels)
      for (const selector of this.anchored.get(label) ?? []) consider(selector);
    this.unanchored.forEach(consider);
    return changes;
  }

  private match(selector: SelectorItem, item: LabelSetItem): boolean {
    return matches(selector.selector, item.labelSet, this.catalogue);
  }

  private join(selector: SelectorItem, item: LabelSetItem): MembershipChange {
    selector.members.add(item);
    item.selectors.add(selector);
    return { selector: selector.id, labelSet: item.labelSet.id, member: true };
  }

  private part(selector: SelectorItem, item: LabelSetItem): MembershipChange {
    selector.members.delete(item);
    item.selectors.delete(selector);
    return { selector: selector.id, labelSet: item.labelSet.id, member: false };
  }

  /**
   * The condition under whose labels the fewest selectors hang so far. With "app:shop and env:production" in
   * thousands of rules, each settles under its application and nobody's look-up walks through all of production.
   */
  private chooseAnchor(selector: Selector): readonly LabelId[] | null {
    return this.rarest(selector, this.anchored);
  }

  private candidateSets(selector: Selector): Iterable<LabelSetItem> {
    const rarest = this.rarest(selector, this.posted);
    if (rarest === null) return this.labelSets.values();
    return rarest.flatMap((label) => this.postedUnder(label));
  }

  private post(label: LabelId, item: LabelSetItem): void {
    let posting = this.posted.get(label);
    if (posting === undefined) this.posted.set(label, (posting = new Posting()));
    posting.add(item);
  }

  private unpost(label: LabelId): void {
    const posting = this.posted.get(label)!;
    posting.lost();
    if (posting.size === 0) this.posted.delete(label);
  }

  private postedUnder(label: LabelId): readonly LabelSetItem[] {
    return this.posted.get(label)?.present() ?? [];
  }

  private rarest(
    selector: Selector,
    load: ReadonlyMap<LabelId, { readonly size: number }>,
  ): readonly LabelId[] | null {
    let best: readonly LabelId[] | null = null;
    let bestCost = Infinity;
    for (const condition of selector.conditions) {
      if (!('anyOf' in condition)) continue;
      const cost = condition.anyOf.reduce((sum, label) => sum + 1 + (load.get(label)?.size ?? 0), 0);
      if (cost < bestCost) [best, bestCost] = [condition.anyOf, cost];
    }
    return best;
  }
}
