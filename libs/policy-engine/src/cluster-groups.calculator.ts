/**
 * The groups of one cluster: answers of the questions that its rules ask, and which of them changed. Only groups that a list
 * names are told; which these are, the lists' calculator says with `use` and `disuse`.
 */
import type { Group, GroupId, LabelSetId } from '@ringfence/contracts';
import { addTo, removeFrom } from '@ringfence/labels';
import type { SmallSet } from '@ringfence/labels';
import { intervalToCidrs, mergeIntervals, parseCidr } from './address.js';
import type { AskedQuestions } from './asked-questions.js';
import type { ClusterFacts } from './cluster-facts.js';
import type { AskedQuestion, AskedSelector } from './cluster-records.js';
import type { BeyondQuestion, Question, SubnetsQuestion } from './question.js';
import { sameTexts } from './rule-compiler.js';
import type { RuleEnd } from './rule-compiler.js';
import { meansServices } from './side.js';

export interface GroupChanges {
  readonly upsert: Group[];
  readonly remove: GroupId[];
}

export class ClusterGroupsCalculator {
  /** Questions by the workloads that they name. */
  private readonly byWorkload = new Map<string, SmallSet<GroupId>>();
  /** Questions about whom these mean in other clusters. */
  private readonly beyond = new Map<GroupId, SmallSet<GroupId>>();
  /** Questions about the subnets of whom these mean. */
  private readonly subnets = new Map<GroupId, SmallSet<GroupId>>();
  private dirty: AskedQuestion[] = [];

  constructor(
    private readonly facts: ClusterFacts,
    private readonly questions: AskedQuestions,
    private readonly askBeyond: (question: BeyondQuestion) => string[],
  ) {}

  /** A rule end asks. */
  ask(question: Question): void {
    if (!this.questions.ask(question)) return;
    if (question.kind === 'beyond') addTo(this.beyond, question.of.id, question.id);
    if (question.kind === 'subnets') this.askSubnets(question);
    if (question.kind !== 'workloads') return;
    for (const workload of question.workloads) addTo(this.byWorkload, workload, question.id);
  }

  /** A rule end no longer asks. */
  forget(question: Question): void {
    if (!this.questions.forget(question)) return;
    if (question.kind === 'beyond') removeFrom(this.beyond, question.of.id, question.id);
    if (question.kind === 'subnets') this.forgetSubnets(question);
    if (question.kind !== 'workloads') return;
    for (const workload of question.workloads) removeFrom(this.byWorkload, workload, question.id);
  }

  /** Of a group that nobody was told of, all is worked out when a list names it. */
  memberChanged(asked: AskedSelector, labelSet: LabelSetId, isMember: boolean): void {
    if (this.subnets.size > 0) this.subnetsChanged(asked.question.id);
    if (asked.told === undefined || asked.pending === 'all') return;
    if (asked.pending === undefined) this.dirty.push(asked);
    asked.pending ??= new Map();
    asked.pending.set(labelSet, isMember);
  }

  workloadChanged(workload: string): void {
    for (const id of this.naming(workload)) {
      this.answerChanged(id);
      this.subnetsChanged(id);
    }
  }

  naming(workload: string): Iterable<GroupId> {
    return this.byWorkload.get(workload) ?? [];
  }

  /** Whom the question means has other subnets, or is somebody else. */
  subnetsChanged(question: GroupId): void {
    for (const id of this.subnets.get(question) ?? NONE) this.answerChanged(id);
  }

  /** In another cluster the question may mean others. */
  beyondChanged(question: GroupId): void {
    for (const id of this.beyond.get(question) ?? []) this.answerChanged(id);
  }

  everythingBeyondChanged(): void {
    for (const question of this.beyond.keys()) this.beyondChanged(question);
  }

  answerChanged(id: GroupId): void {
    const asked = this.questions.get(id);
    if (asked?.told !== undefined) this.lookAgain(asked);
  }

  /** What lists are made of has one rule end more, or one list names ends that were in none. */
  use(ends: Iterable<RuleEnd>): void {
    for (const { wire } of ends) for (const id of wire.peers) this.name(this.questions.get(id)!);
  }

  disuse(ends: Iterable<RuleEnd>): void {
    for (const { wire } of ends) for (const id of wire.peers) this.unname(this.questions.get(id)!);
  }

  flush(): GroupChanges {
    const changes: GroupChanges = { upsert: [], remove: [] };
    const { dirty } = this;
    this.dirty = [];
    for (const asked of dirty) this.settle(asked, changes);
    return changes;
  }

  /** Whom it means is asked along, though no rule may name that group. */
  private askSubnets({ of, id }: SubnetsQuestion): void {
    addTo(this.subnets, of.id, id);
    this.ask(of);
  }

  private forgetSubnets({ of, id }: SubnetsQuestion): void {
    removeFrom(this.subnets, of.id, id);
    this.forget(of);
  }

  private name(asked: AskedQuestion): void {
    asked.naming += 1;
    if (asked.told === undefined) this.lookAgain(asked);
  }

  private unname(asked: AskedQuestion): void {
    asked.naming -= 1;
    if (asked.naming === 0) this.lookAgain(asked);
  }

  private lookAgain(asked: AskedQuestion): void {
    if (asked.pending === undefined) this.dirty.push(asked);
    asked.pending = 'all';
  }

  private settle(asked: AskedQuestion, { upsert, remove }: GroupChanges): void {
    const { told } = asked;
    const group = asked.naming === 0 ? undefined : this.answerOf(asked);
    asked.pending = undefined;
    asked.told = group;
    if (group === undefined) {
      if (told !== undefined) remove.push(told.id);
      this.questions.tidy(asked);
    } else if (told === undefined || !sameGroup(told, group)) upsert.push(group);
  }

  private answerOf(asked: AskedQuestion): Group {
    const { told, pending } = asked;
    if (told === undefined || !(pending instanceof Map)) return this.answer(asked.question);
    if (told.behindServices === undefined) return { ...told, labelSets: amend(told.labelSets, pending) };
    return { ...told, behindServices: amend(told.behindServices, pending) };
  }

  /** Of whom no interfaces are known here, as ever. */
  private withSubnets({ labelSets, workloads, ...group }: Group): Group {
    const { subnets, workloads: directory } = this.facts.shared;
    const isOutside = (id: string): boolean => this.facts.labelSet(id)?.labelSet.class === 'unmanaged';
    const outside = labelSets.filter(isOutside).flatMap((id) => [...directory.workloadsOf(id)]);
    const named = workloads.filter((id) => isOutside(directory.labelSetOf(id) ?? ''));
    const cidrs = [...outside, ...named].flatMap((id) => subnets.get(id) ?? []);
    return {
      ...group,
      labelSets: labelSets.filter((id) => !isOutside(id)),
      workloads: workloads.filter((id) => !named.includes(id)),
      cidrs: mergeIntervals(cidrs.flatMap((cidr) => parseCidr(cidr) ?? [])).flatMap(intervalToCidrs),
    };
  }

  private answer(question: Question): Group {
    const group: Group = { id: question.id, ...NOBODY };
    switch (question.kind) {
      case 'selector':
        return meansServices(question.selector)
          ? { ...group, behindServices: this.questions.membersOf(question.id) }
          : { ...group, labelSets: this.questions.membersOf(question.id) };
      case 'workloads':
        return { ...group, workloads: question.workloads.filter((id) => this.facts.isMeant(question, id)) };
      case 'ip_list': {
        const list = this.facts.shared.ipLists.get(question.ipList);
        return list === undefined ? group : { ...group, cidrs: [...list.cidrs], fqdns: [...list.fqdns] };
      }
      case 'addresses':
        return { ...group, cidrs: [...question.cidrs], fqdns: [...question.fqdns] };
      case 'subnets':
        return { ...this.withSubnets(this.answer(question.of)), id: question.id };
      case 'beyond':
        return { ...group, cidrs: this.askBeyond(question) };
      case 'own_host':
        return { ...group, ownHost: true };
    }
  }
}

const NONE: readonly string[] = [];
/** Most groups are made of label sets only, and there are many of them. */
const NOBODY: Omit<Group, 'id'> = { labelSets: [], workloads: [], cidrs: [], fqdns: [], ownHost: false };

/** One label set more or less in a group of thousands must not cost a sort. */
function amend(told: readonly LabelSetId[], pending: ReadonlyMap<LabelSetId, boolean>): LabelSetId[] {
  const labelSets = told.filter((id) => pending.get(id) !== false);
  const present = pending.size > 8 ? new Set(labelSets) : null;
  for (const [id, isMember] of pending) {
    if (!isMember || (present?.has(id) ?? false)) continue;
    const at = present === null ? positionOf(labelSets, id) : labelSets.length;
    if (labelSets[at] !== id) labelSets.splice(at, 0, id);
  }
  if (present !== null) labelSets.sort();
  return labelSets;
}

function positionOf(sorted: readonly string[], text: string): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! < text) low = middle + 1;
    else high = middle;
  }
  return low;
}

const sameGroup = (a: Group, b: Group): boolean =>
  sameTexts(a.labelSets, b.labelSets) &&
  sameTexts(a.behindServices ?? NONE, b.behindServices ?? NONE) &&
  sameTexts(a.workloads, b.workloads) &&
  sameTexts(a.cidrs, b.cidrs) &&
  sameTexts(a.fqdns, b.fqdns);
