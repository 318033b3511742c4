/**
 * Units, rule lists and groups of one cluster, incrementally. A change marks the label sets that it may give another list, and
 * the lists whose rules it may concern; `flush` looks at those again and tells what differs.
 *
 *     rule ──asks──▶ question ◀──matching──▶ label set ──▶ unit ──names──▶ rule list
 *
 * What is referred to is told first (groups, lists, units) and removed last (units, lists, groups).
 */
import type {
  EnforcementMode,
  GroupId,
  LabelId,
  LabelSet,
  LabelSetId,
  UnitOfLists,
} from '@ringfence/contracts';
import { addTo, removeFrom } from '@ringfence/labels';
import type { SmallSet } from '@ringfence/labels';
import { AskedQuestions } from './asked-questions.js';
import { ClusterFacts } from './cluster-facts.js';
import type { SharedFacts } from './cluster-facts.js';
import { ClusterGroupsCalculator } from './cluster-groups.calculator.js';
import type { GroupChanges } from './cluster-groups.calculator.js';
import type { Neighbour } from './crossing.js';
import type { BeyondQuestion } from './question.js';
import { carriesRules } from './cluster-records.js';
import type { AskedSelector, KnownLabelSet, Listed } from './cluster-records.js';
import { ClusterRuleLists } from './cluster-rule-lists.calculator.js';
import type { RuleListChanges } from './cluster-rule-lists.calculator.js';
import type { CompiledRule, RuleEnd } from './rule-compiler.js';

export interface PolicyChanges {
  readonly units: { readonly upsert: UnitOfLists[]; readonly remove: LabelSetId[] };
  readonly lists: RuleListChanges;
  readonly groups: GroupChanges;
}

export class ClusterPolicyCalculator implements Neighbour {
  private readonly facts: ClusterFacts;
  private readonly questions: AskedQuestions;
  private readonly groups: ClusterGroupsCalculator;
  private readonly lists: ClusterRuleLists;
  /** Rule ends by the workloads that they name. */
  private readonly byWorkload = new Map<string, SmallSet<RuleEnd>>();
  private dirty: KnownLabelSet[] = [];

  constructor(shared: SharedFacts) {
    this.facts = new ClusterFacts(shared);
    this.questions = new AskedQuestions(shared.catalogue, (asked, known, isMember) => {
      if (carriesRules(asked)) this.touch(known);
      this.groups.memberChanged(asked, known.labelSet.id, isMember);
      if (shared.crossing.isNeeded && isOfCluster(known))
        shared.crossing.meansOthers(this, asked.question.id);
    });
    const askBeyond = (question: BeyondQuestion): string[] => shared.crossing.answer(question, this);
    this.groups = new ClusterGroupsCalculator(this.facts, this.questions, askBeyond);
    this.lists = new ClusterRuleLists(this.questions, this.groups);
  }

  addRule(rule: CompiledRule): void {
    for (const end of rule.ends) for (const question of end.peers.questions) this.groups.ask(question);
    for (const end of rule.ends) this.place(end);
  }

  removeRule(rule: CompiledRule): void {
    for (const end of rule.ends) this.displace(end);
    for (const end of rule.ends) for (const question of end.peers.questions) this.groups.forget(question);
  }

  setLabelSet(labelSet: LabelSet, mode: EnforcementMode): void {
    const known = this.facts.lastKnown(labelSet.id);
    if (known === undefined || known.isGone) this.addLabelSet(labelSet, mode, known);
    else if (known.mode !== mode) {
      known.mode = mode;
      this.touch(known);
    }
  }

  removeLabelSet(id: LabelSetId): void {
    const known = this.facts.labelSet(id);
    if (known === undefined) return;
    this.touch(known);
    this.questions.index.removeLabelSet(known);
    this.touchWorkloadsOf(id);
  }

  /** The shared directory has been told already. */
  workloadMoved(workload: string, from: LabelSetId | undefined, to: LabelSetId | null): void {
    if (!this.byWorkload.has(workload)) return;
    this.groups.workloadChanged(workload);
    for (const id of [from, to]) if (typeof id === 'string') this.touchUnit(id);
  }

  catalogueChanged(changed: Iterable<LabelId>): void {
    this.questions.index.setCatalogue(this.facts.shared.catalogue, changed);
    for (const workload of this.byWorkload.keys()) this.touchWorkload(workload);
  }

  answerChanged(group: string): void {
    this.groups.answerChanged(group);
  }

  *meant(question: BeyondQuestion['of']): Iterable<string> {
    const { workloads } = this.facts.shared;
    if (question.kind === 'workloads') {
      yield* question.workloads.filter((one) => this.isOwn(one) && this.facts.isMeant(question, one));
      return;
    }
    for (const known of this.questions.selector(question.id)?.members ?? [])
      if (isOfCluster(known)) yield* workloads.workloadsOf(known.labelSet.id);
  }

  meaning(labelSet: LabelSetId | undefined, workload: string): Iterable<GroupId> {
    const known = labelSet === undefined ? undefined : this.facts.labelSet(labelSet);
    const selectors = [...(known?.selectors ?? [])].map(({ question }) => question.id);
    return [...selectors, ...this.groups.naming(workload)];
  }

  /** A workload of the label set has other subnets, or is another one's. */
  subnetsChanged(labelSet: LabelSetId | undefined, workload: string): void {
    for (const question of this.meaning(labelSet, workload)) this.groups.subnetsChanged(question);
  }

  meantElsewhere(question: GroupId): void {
    this.groups.beyondChanged(question);
  }

  neighboursChanged(): void {
    this.groups.everythingBeyondChanged();
  }

  flush(): PolicyChanges {
    const units = { upsert: [] as UnitOfLists[], remove: [] as LabelSetId[] };
    const { dirty } = this;
    this.dirty = [];
    for (const known of dirty) this.settleUnit(known, units);
    return { units, lists: this.lists.flush(), groups: this.groups.flush() };
  }

  /** The list of now is named before that of until now is given up: one that stays is not told again. */
  private settleUnit(known: KnownLabelSet, { upsert, remove }: PolicyChanges['units']): void {
    const { labelSet, mode, listed: before } = known;
    const listed = known.isGone ? undefined : this.listOf(known);
    if (listed === undefined) {
      if (before !== undefined) remove.push(labelSet.id);
      if (known.isGone) this.facts.forgetLabelSet(known);
    } else if (listed !== before || mode !== known.toldMode)
      upsert.push({ labelSet, mode, lists: listed.ids });
    known.isDirty = false;
    known.listed = listed;
    known.toldMode = mode;
    if (before !== undefined) this.lists.disuse(before);
  }

  /** Of a Service only where rules mean Services: whoever is behind it enforces them. Unmanaged workloads are peers only. */
  private listOf(known: KnownLabelSet): Listed | undefined {
    const { class: entityClass } = known.labelSet;
    if (entityClass === 'service') return this.lists.useOfServices(known);
    const hasUnit = entityClass === 'pod' || entityClass === 'node';
    return hasUnit ? this.lists.use(known, this.naming(known)) : undefined;
  }

  private addLabelSet(labelSet: LabelSet, mode: EnforcementMode, gone: KnownLabelSet | undefined): void {
    const known = this.facts.addLabelSet(labelSet, mode, gone);
    this.touch(known);
    this.questions.index.addLabelSet(known);
    this.touchWorkloadsOf(labelSet.id);
  }

  private isOwn(workload: string): boolean {
    const known = this.facts.labelSet(this.facts.shared.workloads.labelSetOf(workload) ?? '');
    return known !== undefined && isOfCluster(known);
  }

  private touch(known: KnownLabelSet): void {
    if (!known.isDirty) this.dirty.push(known);
    known.isDirty = true;
  }

  private touchUnit(id: LabelSetId): void {
    const known = this.facts.labelSet(id);
    if (known !== undefined) this.touch(known);
  }

  private place(end: RuleEnd): void {
    const { labelled, named } = end.at;
    const asked = labelled && this.questions.selector(labelled.id)!;
    if (asked !== null && this.lists.place(asked, end)) this.touchMembers(asked);
    for (const workload of named?.workloads ?? []) {
      addTo(this.byWorkload, workload, end);
      this.touchWorkload(workload);
    }
  }

  private displace(end: RuleEnd): void {
    const { labelled, named } = end.at;
    const asked = labelled && this.questions.selector(labelled.id)!;
    if (asked !== null && this.lists.displace(asked, end)) this.touchMembers(asked);
    for (const workload of named?.workloads ?? []) {
      this.touchWorkload(workload);
      removeFrom(this.byWorkload, workload, end);
    }
  }

  private touchMembers({ members }: AskedSelector): void {
    for (const known of members) this.touch(known);
  }

  private touchWorkloadsOf(labelSet: LabelSetId): void {
    for (const workload of this.facts.shared.workloads.workloadsOf(labelSet)) {
      if (this.byWorkload.has(workload)) this.touchWorkload(workload);
    }
  }

  private touchWorkload(workload: string): void {
    this.groups.workloadChanged(workload);
    for (const question of this.groups.naming(workload))
      this.facts.shared.crossing.meansOthers(this, question);
    const labelSet = this.facts.shared.workloads.labelSetOf(workload);
    if (labelSet !== undefined) this.touchUnit(labelSet);
  }

  /** Rule ends that name workloads of the label set, where labels do not mean the whole of it. */
  private naming({ labelSet, selectors }: KnownLabelSet): readonly RuleEnd[] {
    if (this.byWorkload.size === 0) return NONE;
    const named = new Map<RuleEnd, string[]>();
    for (const workload of this.facts.shared.workloads.workloadsOf(labelSet.id)) {
      for (const end of this.byWorkload.get(workload) ?? []) {
        const { labelled } = end.at;
        const isMeantByLabels = labelled !== null && selectors.has(this.questions.selector(labelled.id)!);
        if (isMeantByLabels || !this.facts.isMeant(end.at.named!, workload)) continue;
        named.set(end, [...(named.get(end) ?? []), workload]);
      }
    }
    return [...named].map(([end, only]) => ({ ...end, wire: { ...end.wire, onlyWorkloads: only.sort() } }));
  }
}

/** Unmanaged workloads are everybody's, by their own addresses. */
const isOfCluster = ({ labelSet }: KnownLabelSet): boolean => labelSet.class !== 'unmanaged';

const NONE: readonly RuleEnd[] = [];
