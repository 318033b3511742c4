/**
 * The rule lists of one cluster. Label sets that match the same of the selectors that carry rules enforce the same rules: they
 * share one list, whose id is a hash of those selectors and never of the rules. So a changed rule is one changed list, however
 * many units name it. A label set with workloads that rules name has a list of its own.
 */
import type { LabelSetId, RuleList, RuleListId, WireRule } from '@ringfence/contracts';
import { sha256Hex } from '@ringfence/labels';
import type { ClusterGroupsCalculator } from './cluster-groups.calculator.js';
import type { Direction } from './evaluate.js';
import { compareRuleOrder, sameWire } from './rule-compiler.js';
import type { RuleEnd } from './rule-compiler.js';

export interface RuleListChanges {
  readonly upsert: RuleList[];
  readonly remove: RuleListId[];
}

/** A rule end in one list; `only`: the workloads that it names, where labels do not mean the whole label set. */
export interface Carried {
  readonly end: RuleEnd;
  readonly only: readonly string[] | null;
}
/** Rule ends that name workloads of this label set. */
export interface NamedRules {
  readonly labelSet: LabelSetId;
  readonly carried: readonly Carried[];
}

const NONE: readonly Carried[] = [];

interface Listed {
  readonly id: RuleListId;
  /** What its id is a hash of: the questions, and the label set whose own it is. */
  readonly text: string;
  named: readonly Carried[];
  /** Units that name it. */
  users: number;
  told: RuleList | undefined;
}

export class ClusterRuleLists {
  /** Rule ends by the question that says whose lists carry them. */
  readonly #carriedBy = new Map<string, Set<RuleEnd>>();
  readonly #lists = new Map<RuleListId, Listed>();
  readonly #byText = new Map<string, Listed>();
  /** By each of the words of its text. */
  readonly #askingFor = new Map<string, Listed[]>();
  readonly #wireUses = new Map<WireRule, number>();
  readonly #dirty = new Set<Listed>();

  constructor(private readonly groups: ClusterGroupsCalculator) {}

  /** Whether whoever the question means carries any rule. */
  carries(question: string): boolean {
    return this.#carriedBy.has(question);
  }

  /** True: whoever the question means has another list from now on. */
  place(question: string, end: RuleEnd): boolean {
    const isFirst = !this.#carriedBy.has(question);
    addTo(this.#carriedBy, question, end);
    if (!isFirst) this.#touch(question);
    return isFirst;
  }

  /** True: whoever the question means has another list from now on. */
  displace(question: string, end: RuleEnd): boolean {
    removeFrom(this.#carriedBy, question, end);
    const wasLast = !this.#carriedBy.has(question);
    if (!wasLast) this.#touch(question);
    return wasLast;
  }

  /** The list of whoever matches these of the questions that carry rules; one unit more names it. */
  use(questions: readonly string[], { labelSet, carried }: NamedRules): RuleListId {
    const sorted = questions.length > 1 ? questions.toSorted() : questions;
    const text = carried.length > 0 ? `${sorted.join(' ')} ${labelSet}` : sorted.join(' ');
    const listed = this.#byText.get(text) ?? this.#add(text);
    listed.users += 1;
    if (carried.length > 0) this.#dirty.add(listed);
    listed.named = carried;
    return listed.id;
  }

  disuse(id: RuleListId): void {
    const listed = this.#lists.get(id)!;
    listed.users -= 1;
    if (listed.users === 0) this.#dirty.add(listed);
  }

  flush(): RuleListChanges {
    const changes: RuleListChanges = { upsert: [], remove: [] };
    for (const listed of this.#dirty) {
      const { told } = listed;
      const list = listed.users === 0 ? undefined : this.#build(listed);
      if (list === undefined) {
        this.#forget(listed);
        if (told !== undefined) changes.remove.push(listed.id);
      } else if (told === undefined || !sameList(told, list)) changes.upsert.push(list);
      else continue;
      this.#replace(told, list);
      listed.told = list;
    }
    this.#dirty.clear();
    changes.upsert.sort((a, b) => (a.id < b.id ? -1 : 1));
    changes.remove.sort();
    return changes;
  }

  #touch(question: string): void {
    for (const listed of this.#askingFor.get(question) ?? []) this.#dirty.add(listed);
  }

  #add(text: string): Listed {
    const listed: Listed = { id: `r-${sha256Hex(text, 20)}`, text, named: NONE, users: 0, told: undefined };
    this.#byText.set(text, listed);
    this.#lists.set(listed.id, listed);
    for (const word of text.split(' ')) {
      const others = this.#askingFor.get(word);
      if (others === undefined) this.#askingFor.set(word, [listed]);
      else others.push(listed);
    }
    this.#dirty.add(listed);
    return listed;
  }

  #forget({ id, text }: Listed): void {
    this.#lists.delete(id);
    this.#byText.delete(text);
    for (const word of text.split(' ')) {
      const others = this.#askingFor.get(word)!.filter((other) => other.id !== id);
      if (others.length > 0) this.#askingFor.set(word, others);
      else this.#askingFor.delete(word);
    }
  }

  #build({ id, text, named }: Listed): RuleList {
    const carried = [...named];
    for (const question of text.split(' '))
      for (const end of this.#carriedBy.get(question) ?? []) carried.push({ end, only: null });
    if (carried.length > 1) carried.sort((a, b) => compareRuleOrder(a.end.order, b.end.order));
    return { id, ingress: wires(carried, 'ingress'), egress: wires(carried, 'egress') };
  }

  /** Keeps count of which wire rules are in force, and so of which groups are needed. */
  #replace(before: RuleList | undefined, after: RuleList | undefined): void {
    for (const wire of rulesOf(after)) {
      const uses = this.#wireUses.get(wire) ?? 0;
      this.#wireUses.set(wire, uses + 1);
      if (uses === 0) for (const peer of wire.peers) this.groups.use(peer);
    }
    for (const wire of rulesOf(before)) {
      const uses = this.#wireUses.get(wire)! - 1;
      if (uses > 0) this.#wireUses.set(wire, uses);
      else {
        this.#wireUses.delete(wire);
        for (const peer of wire.peers) this.groups.disuse(peer);
      }
    }
  }
}

const rulesOf = (list: RuleList | undefined): WireRule[] =>
  list === undefined ? [] : [...list.ingress, ...list.egress];

function wires(carried: readonly Carried[], direction: Direction): WireRule[] {
  const rules: WireRule[] = [];
  for (const { end, only } of carried) {
    if (end.direction !== direction) continue;
    const wire = only === null ? end.wire : { ...end.wire, onlyWorkloads: [...only] };
    if (!repeats(rules, wire)) rules.push(wire);
  }
  return rules;
}

/** Two scopes of one rule set may say the very same of a label set; a rule's wire rules stand next to each other. */
function repeats(rules: readonly WireRule[], wire: WireRule): boolean {
  for (let i = rules.length - 1; i >= 0 && rules[i]!.ref === wire.ref; i--) {
    if (sameWire(rules[i]!, wire)) return true;
  }
  return false;
}

const sameList = (a: RuleList, b: RuleList): boolean =>
  sameRules(a.ingress, b.ingress) && sameRules(a.egress, b.egress);

const sameRules = (a: readonly WireRule[], b: readonly WireRule[]): boolean =>
  a.length === b.length && a.every((wire, i) => sameWire(wire, b[i]!));

export function addTo<V>(map: Map<string, Set<V>>, key: string, value: V): void {
  const values = map.get(key);
  if (values === undefined) map.set(key, new Set([value]));
  else values.add(value);
}

export function removeFrom<V>(map: Map<string, Set<V>>, key: string, value: V): void {
  const values = map.get(key);
  if (values?.delete(value) && values.size === 0) map.delete(key);
}
