/**
 * The rule lists of one cluster. Label sets that match the same of the selectors that carry rules enforce the same rules: they
 * share one list, whose id is a hash of those selectors and never of the rules. So a changed rule is one changed list, however
 * many units name it. A label set with workloads that rules name has a list of its own.
 */
import type { GroupId, RuleList, RuleListId, WireRule } from '@ringfence/contracts';
import { appended, sha256Hex } from '@ringfence/labels';
import type { AskedQuestions } from './asked-questions.js';
import type { ClusterGroupsCalculator } from './cluster-groups.calculator.js';
import type { AskedSelector, KnownLabelSet, Listed } from './cluster-records.js';
import type { Direction } from './evaluate.js';
import { compareRuleOrder, sameWire } from './rule-compiler.js';
import type { RuleEnd } from './rule-compiler.js';

export interface RuleListChanges {
  readonly upsert: RuleList[];
  readonly remove: RuleListId[];
}

export class ClusterRuleLists {
  private readonly byText = new Map<string, Listed>();
  private readonly dirty = new Set<Listed>();

  constructor(
    private readonly questions: AskedQuestions,
    private readonly groups: ClusterGroupsCalculator,
  ) {}

  /** True: whoever the question means has another list from now on. */
  place(asked: AskedSelector, end: RuleEnd): boolean {
    asked.ends.add(end);
    this.touch(asked);
    return asked.ends.size === 1;
  }

  /** True: whoever the question means has another list from now on. */
  displace(asked: AskedSelector, end: RuleEnd): boolean {
    asked.ends.delete(end);
    this.touch(asked);
    return asked.ends.size === 0;
  }

  /** One unit more names its list; `named`: rule ends that name workloads of it, each for these workloads only. */
  use({ labelSet, selectors }: KnownLabelSet, named: readonly RuleEnd[]): Listed {
    const carriers = carriersAmong(selectors);
    const own = named.length > 0 ? labelSet.id : '';
    const text = textOf(carriers, own);
    const listed = this.byText.get(text) ?? this.add(text, carriers);
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

  private touch({ lists }: AskedSelector): void {
    for (const listed of lists) this.dirty.add(listed);
  }

  private add(text: string, carriers: readonly AskedSelector[]): Listed {
    const id = sha256Hex(text, 20, 'r-');
    const listed: Listed = {
      id,
      ids: [id],
      text,
      carriers,
      named: NONE,
      users: 0,
      told: undefined,
      peers: NOBODY,
    };
    this.byText.set(text, listed);
    for (const { lists } of carriers) lists.add(listed);
    this.dirty.add(listed);
    return listed;
  }

  private forget(listed: Listed): void {
    this.byText.delete(listed.text);
    for (const carrier of listed.carriers) {
      carrier.lists.delete(listed);
      this.questions.tidy(carrier);
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

/** Those that carry rules, sorted by id. */
function carriersAmong(selectors: Iterable<AskedSelector>): AskedSelector[] {
  let carriers: AskedSelector[] = [];
  for (const selector of selectors) if (selector.ends.size > 0) carriers = appended(carriers, selector);
  return carriers.length < 2 ? carriers : carriers.sort((a, b) => (a.question.id < b.question.id ? -1 : 1));
}

/** `own`: the label set whose own it is, or nothing. */
function textOf(carriers: readonly AskedSelector[], own: string): string {
  let text = own;
  for (const { question } of carriers) text = text === '' ? question.id : `${text} ${question.id}`;
  return text;
}

function peersOf({ ingress, egress }: RuleList): readonly GroupId[] {
  const named = new Set<GroupId>();
  for (const rules of [ingress, egress])
    for (const { peers } of rules) for (const peer of peers) named.add(peer);
  return [...named];
}

function build({ id, carriers, named }: Listed): RuleList {
  const ends = endsOf(carriers, named);
  return { id, ingress: wires(ends, 'ingress'), egress: wires(ends, 'egress') };
}

function endsOf(carriers: readonly AskedSelector[], named: readonly RuleEnd[]): readonly RuleEnd[] {
  if (carriers.length === 1 && named.length === 0) return carriers[0]!.ends.sorted();
  const ends = [...named];
  for (const carrier of carriers) for (const end of carrier.ends.sorted()) ends.push(end);
  return ends.sort((a, b) => compareRuleOrder(a.order, b.order));
}

function wires(ends: readonly RuleEnd[], direction: Direction): WireRule[] {
  const rules: WireRule[] = [];
  for (const end of ends) {
    if (end.direction === direction && !repeats(rules, end.wire)) rules.push(end.wire);
  }
  return rules.slice();
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
