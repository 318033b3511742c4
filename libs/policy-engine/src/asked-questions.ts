/** The questions that the rules of one cluster ask. One is known from when it is asked first until nobody has to do with it. */
import type { GroupId, LabelSetId } from '@ringfence/contracts';
import { MembershipIndex, SmallSet } from '@ringfence/labels';
import type { CatalogueIndex, MembershipListener } from '@ringfence/labels';
import type { AskedQuestion, AskedSelector, KnownLabelSet } from './cluster-records.js';
import type { Question, SelectorQuestion } from './question.js';
import { RuleEnds } from './rule-ends.js';

export class AskedQuestions {
  /** Whom selectors mean. */
  readonly index: MembershipIndex<AskedSelector, KnownLabelSet>;
  private readonly selectors = new Map<GroupId, AskedSelector>();
  private readonly others = new Map<GroupId, AskedQuestion>();

  constructor(catalogue: CatalogueIndex, changed: MembershipListener<AskedSelector, KnownLabelSet>) {
    this.index = new MembershipIndex(catalogue, changed);
  }

  get(id: GroupId): AskedQuestion | undefined {
    return this.selectors.get(id) ?? this.others.get(id);
  }

  selector(id: GroupId): AskedSelector | undefined {
    return this.selectors.get(id);
  }

  /** Label sets that the selector means, sorted. */
  membersOf(id: GroupId): LabelSetId[] {
    const ids: LabelSetId[] = [];
    this.selectors.get(id)?.members.forEach(({ labelSet }) => ids.push(labelSet.id));
    return ids.toSorted();
  }

  /** One rule end more asks. True: it is the first. */
  ask(question: Question): boolean {
    return question.kind === 'selector' ? this.askSelector(question) : this.askOther(question);
  }

  /** One rule end less asks. True: it was the last. */
  forget({ id }: Question): boolean {
    const selector = this.selectors.get(id);
    const asked = selector ?? this.others.get(id)!;
    asked.asking -= 1;
    if (asked.asking > 0) return false;
    if (selector !== undefined) this.index.removeSelector(selector);
    this.tidy(asked);
    return true;
  }

  /** Something of it has gone. It may have been forgotten already, and be asked anew in another record. */
  tidy(asked: AskedQuestion): void {
    if (asked.asking > 0 || asked.naming > 0 || asked.told !== undefined) return;
    const { id } = asked.question;
    const selector = this.selectors.get(id);
    if (selector === asked && selector.lists.size === 0) this.selectors.delete(id);
    else if (this.others.get(id) === asked) this.others.delete(id);
  }

  private askSelector(question: SelectorQuestion): boolean {
    let asked = this.selectors.get(question.id);
    if (asked === undefined) this.selectors.set(question.id, (asked = selectorAsked(question)));
    asked.asking += 1;
    if (asked.asking > 1) return false;
    this.index.addSelector(asked);
    return true;
  }

  private askOther(question: Question): boolean {
    let asked = this.others.get(question.id);
    if (asked === undefined) this.others.set(question.id, (asked = { question, ...UNASKED }));
    asked.asking += 1;
    return asked.asking === 1;
  }
}

const UNASKED = { asking: 0, naming: 0, told: undefined, pending: undefined } as const;

const selectorAsked = (question: SelectorQuestion): AskedSelector => ({
  question,
  selector: question.selector,
  anchor: null,
  members: new SmallSet(),
  ingress: new RuleEnds(),
  egress: new RuleEnds(),
  lists: new SmallSet(),
  ...UNASKED,
});
