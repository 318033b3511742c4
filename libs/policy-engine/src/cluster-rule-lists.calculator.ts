/**
 * The rule lists of one cluster. Label sets that match the same of the selectors that carry rules enforce the same rules: they
 * share one list, whose id is a hash of those selectors and never of the rules. So a changed rule is one changed list, however
 * many units name it. A label set with workloads that rules name has a list of its own.
 */
import type { GroupId, LabelSetId, RuleList, RuleListId, WireRule } from '@ringfence/contracts';
import { sha256Hex, SmallSet } from '@ringfence/labels';
import type { ClusterGroupsCalculator } from './cluster-groups.calculator.js';
import type { Direction } from './evaluate.js';
import { compareRuleOrder, sameWire } from './rule-compiler.js';
import type { RuleEnd } from './rule-compiler.js';

export interface RuleListChanges {
  readonly upsert: RuleList[];
  readonly remove: RuleListId[];
}

/** Who names a list. */
export interface ListUser {
  readonly labelSet: LabelSetId;
  /** The selectors that it matches. */
  readonly questions: readonly string[];
  /** Rule ends that name workloads of it, each for these workloads only. */
  readonly named: readonly RuleEnd[];
}

/** A question that says whose lists carry rules. One without rules stays as long as a list was made with it. */
interface Carrier {
  readonly question: string;
  readonly ends: SmallSet<RuleEnd>;
  readonly lists: SmallSet<Listed>;
}

export interface Listed {
  readonly id: RuleListId;
  /** What its id is a hash of: the questions, and the label set whose own it is. */
  readonly text: string;
  readonly carriers: readonly Carrier[];
  named: readonly RuleEnd[];
  /** Units that name it. */
  users: number;
  told: RuleList | undefined;
  /** Groups that it names, as it was told, each once. */
  peers: readonly GroupId[];
}

export class ClusterRuleLists {
  private readonly carriers = new Map<string, Carrier>();
  private readonly byText = new Map<string, Listed>();
  private readonly dirty = new Set<Listed>();

  constructor(private readonly groups: ClusterGroupsCalculator) {}

  /** Whether whoever the question means carries any rule. */
  carries(question: string): boolean {
    const carrier = this.carriers.get(question);
    return carrier !== undefined && carrier.ends.size > 0;
  }

  /** True: whoever the question means has another list from now on. */
  place(question: string, end: RuleEnd): boolean {
    let carrier = this.carriers.get(question);
    if (carrier === undefined)
      this.carriers.set(question, (carrier = { question, ends: new SmallSet(), lists: new SmallSet() }));
    const isFirst = carrier.ends.size === 0;
    carrier.ends.add(end);
    this.touch(carrier);
    return isFirst;
  }

  /** True: whoever the question means has another list from now on. */
  displace(question: string, end: RuleEnd): boolean {
    const carrier = this.carriers.get(question)!;
    carrier.ends.delete(end);
    this.touch(carrier);
    this.tidy(carrier);
    return carrier.ends.size === 0;
  }

  /** One unit more names its list. */
  use({ labelSet, questions, named }: ListUser): Listed {
    const carrying = questions.filter((question) => this.carries(question)).sort();
    if (named.length > 0) carrying.push(labelSet);
    const text = carrying.join(' ');
    const listed = this.byText.get(text) ?? this.add(text, carrying);
    listed.users += 1;
    if (named.length > 0) this.dirty.add(listed);
    listed.named = named;
    return listed;
  }

  disuse(listed: Listed): void {
    listed.users -= 1;
    if (listed.users === 0) this.dirty.add(listed);
  }

  flush(): RuleListChanges {
    const changes: RuleListChanges = { upsert: [], remove: [] };
    for (const listed of this.dirty) {
      const { told } = listed;
      const list = listed.users === 0 ? undefined : build(listed);
      if (list === undefined) {
        this.forget(listed);
        if (told !== undefined) changes.remove.push(listed.id);
      } else if (told === undefined || !sameList(told, list)) changes.upsert.push(list);
      else continue;
      this.replace(listed, list);
    }
    this.dirty.clear();
    return changes;
  }

  private touch({ lists }: Carrier): void {
    for (const listed of lists) this.dirty.add(listed);
  }

  private tidy({ question, ends, lists }: Carrier): void {
    if (ends.size === 0 && lists.size === 0) this.carriers.delete(question);
  }

  private add(text: string, words: readonly string[]): Listed {
    const id = `r-${sha256Hex(text, 20)}`;
    const carriers = words.map((word) => this.carriers.get(word)).filter((one) => one !== undefined);
    const listed: Listed = { id, text, carriers, named: NONE, users: 0, told: undefined, peers: NOBODY };
    this.byText.set(text, listed);
    for (const { lists } of carriers) lists.add(listed);
    this.dirty.add(listed);
    return listed;
  }

  private forget(listed: Listed): void {
    this.byText.delete(listed.text);
    for (const carrier of listed.carriers) {
      carrier.lists.delete(listed);
      this.tidy(carrier);
    }
  }

  /** Keeps count of which groups are needed: once by each list, however many of its rules name them. */
  private replace(listed: Listed, list: RuleList | undefined): void {
    const [before, after] = [listed.peers, list === undefined ? NOBODY : peersOf(list)];
    for (const peer of after) this.groups.use(peer);
    for (const peer of before) this.groups.disuse(peer);
    listed.told = list;
    listed.peers = after;
  }
}

const NONE: readonly RuleEnd[] = [];
const NOBODY: readonly GroupId[] = [];

function peersOf({ ingress, egress }: RuleList): readonly GroupId[] {
  const named = new Set<GroupId>();
  for (const rules of [ingress, egress])
    for (const { peers } of rules) for (const peer of peers) named.add(peer);
  return [...named];
}

function build({ id, carriers, named }: Listed): RuleList {
  const ends = [...named];
  for (const carrier of carriers) for (const end of carrier.ends) ends.push(end);
  if (ends.length > 1) ends.sort((a, b) => compareRuleOrder(a.order, b.order));
  return { id, ingress: wires(ends, 'ingress'), egress: wires(ends, 'egress') };
}

function wires(ends: readonly RuleEnd[], direction: Direction): WireRule[] {
  const rules: WireRule[] = [];
  for (const end of ends) {
    if (end.direction === direction && !repeats(rules, end.wire)) rules.push(end.wire);
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
