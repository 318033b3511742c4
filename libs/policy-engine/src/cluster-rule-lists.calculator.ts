/**
 * The rule lists of one cluster. Label sets that match the same of the selectors that carry rules enforce the same rules: they
 * share one list, whose id is a hash of those selectors and never of the rules. So a changed rule is one changed list, however
 * many units name it. A label set with workloads that rules name has a list of its own.
 */
import type { RuleList, RuleListId, WireRule } from '@ringfence/contracts';
import { appended, sha256Hex } from '@ringfence/labels';
import type { SmallSet } from '@ringfence/labels';
import type { AskedQuestions } from './asked-questions.js';
import type { ClusterGroupsCalculator } from './cluster-groups.calculator.js';
import { carriesRules } from './cluster-records.js';
import type { AskedSelector, KnownLabelSet, Listed } from './cluster-records.js';
import type { Direction } from './evaluate.js';
import { sameWire } from './rule-compiler.js';
import type { RuleEnd } from './rule-compiler.js';
import { inOrder, wiresOf } from './rule-ends.js';
import { meansServices } from './side.js';

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
    const isFirst = !carriesRules(asked);
    asked[end.direction].add(end);
    if (asked.lists.size > 0) this.groups.use([end]);
    this.touch(asked);
    return isFirst;
  }

  /** True: whoever the question means has another list from now on. */
  displace(asked: AskedSelector, end: RuleEnd): boolean {
    asked[end.direction].delete(end);
    if (asked.lists.size > 0) this.groups.disuse([end]);
    this.touch(asked);
    return !carriesRules(asked);
  }

  /** One unit more names its list; `named`: rule ends that name workloads of it, each for these workloads only. */
  use({ labelSet, selectors }: KnownLabelSet, named: readonly RuleEnd[]): Listed {
    const carriers = carriersAmong(selectors);
    const listed = this.listed(carriers, named.length > 0 ? labelSet.id : '');
    if (named.length > 0) this.dirty.add(listed);
    listed.named = named;
    return listed;
  }

  /** Where rules mean Services with these labels; those for workloads, which the same labels mean, are not theirs. */
  useOfServices({ selectors }: KnownLabelSet): Listed | undefined {
    const carriers = carriersAmong(selectors).filter(({ selector }) => meansServices(selector));
    return carriers.length === 0 ? undefined : this.listed(carriers, '');
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

  /** `own`: the label set whose own it is, or nothing. */
  private listed(carriers: readonly AskedSelector[], own: string): Listed {
    const text = textOf(carriers, own);
    const listed = this.byText.get(text) ?? this.add(text, carriers);
    listed.users += 1;
    return listed;
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
      toldNamed: NONE,
    };
    this.byText.set(text, listed);
    for (const carrier of carriers) this.join(carrier, listed);
    this.dirty.add(listed);
    return listed;
  }

  private forget(listed: Listed): void {
    this.byText.delete(listed.text);
    for (const carrier of listed.carriers) this.part(carrier, listed);
  }

  /** What its ends name is needed from the first list on. */
  private join(carrier: AskedSelector, listed: Listed): void {
    carrier.lists.add(listed);
    if (carrier.lists.size > 1) return;
    this.groups.use(carrier.ingress);
    this.groups.use(carrier.egress);
  }

  private part(carrier: AskedSelector, listed: Listed): void {
    carrier.lists.delete(listed);
    if (carrier.lists.size > 0) return;
    this.groups.disuse(carrier.ingress);
    this.groups.disuse(carrier.egress);
    this.questions.tidy(carrier);
  }

  private replace(listed: Listed, list: RuleList | undefined): void {
    const { named, toldNamed } = listed;
    listed.told = list;
    listed.toldNamed = list === undefined ? NONE : named;
    this.groups.use(listed.toldNamed);
    this.groups.disuse(toldNamed);
  }
}

const NONE: readonly RuleEnd[] = [];

/** Those that carry rules, sorted by id. */
function carriersAmong(selectors: SmallSet<AskedSelector>): AskedSelector[] {
  let carriers: AskedSelector[] = [];
  selectors.forEach((selector) => {
    if (carriesRules(selector)) carriers = appended(carriers, selector);
  });
  return carriers.length < 2 ? carriers : carriers.sort((a, b) => (a.question.id < b.question.id ? -1 : 1));
}

/** `own`: the label set whose own it is, or nothing. */
function textOf(carriers: readonly AskedSelector[], own: string): string {
  let text = own;
  for (const { question } of carriers) text = text === '' ? question.id : `${text} ${question.id}`;
  return text;
}

const build = ({ id, carriers, named }: Listed): RuleList => ({
  id,
  ingress: rulesOf(carriers, named, 'ingress'),
  egress: rulesOf(carriers, named, 'egress'),
});

/** Where one question has them all, as nearly everywhere, its own array. */
function rulesOf(
  carriers: readonly AskedSelector[],
  named: readonly RuleEnd[],
  direction: Direction,
): WireRule[] {
  const carrying = carriers.filter((carrier) => carrier[direction].size > 0);
  const [first] = carrying;
  if (carrying.length < 2 && named.length === 0) return first === undefined ? [] : first[direction].wires();
  const ends = named.filter((end) => end.direction === direction);
  for (const carrier of carrying) for (const end of carrier[direction]) ends.push(end);
  return wiresOf(ends.sort(inOrder));
}

const sameList = (a: RuleList, b: RuleList): boolean =>
  sameRules(a.ingress, b.ingress) && sameRules(a.egress, b.egress);

const sameRules = (a: readonly WireRule[], b: readonly WireRule[]): boolean =>
  a === b || (a.length === b.length && a.every((wire, i) => sameWire(wire, b[i]!)));
