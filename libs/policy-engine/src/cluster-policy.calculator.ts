/**
 * Units, rule lists and groups of one cluster, incrementally. A change marks the label sets that it may give another list, and
 * the lists whose rules it may concern; `flush` looks at those again and tells what differs.
 *
 *     rule ──asks──▶ question ◀──matching──▶ label set ──▶ unit ──names──▶ rule list
 *
 * What is referred to is told first (groups, lists, units) and removed last (units, lists, groups).
 */
import type { EnforcementMode, LabelSet, LabelSetId, UnitOfLists } from '@ringfence/contracts';
import type { LabelId } from '@ringfence/contracts';
import { addTo, removeFrom } from '@ringfence/labels';
import type { MembershipChange, SmallSet } from '@ringfence/labels';
import { ClusterFacts } from './cluster-facts.js';
import type { SharedFacts } from './cluster-facts.js';
import { ClusterGroupsCalculator } from './cluster-groups.calculator.js';
import type { GroupChanges } from './cluster-groups.calculator.js';
import { ClusterRuleLists } from './cluster-rule-lists.calculator.js';
import type { Listed, RuleListChanges } from './cluster-rule-lists.calculator.js';
import type { CompiledRule, RuleEnd } from './rule-compiler.js';

export interface PolicyChanges {
  readonly units: { readonly upsert: UnitOfLists[]; readonly remove: LabelSetId[] };
  readonly lists: RuleListChanges;
  readonly groups: GroupChanges;
}

/** What a label set's unit says beside its name. */
interface ToldUnit {
  readonly mode: EnforcementMode;
  readonly listed: Listed;
}

export class ClusterPolicyCalculator {
  private readonly facts: ClusterFacts;
  private readonly groups: ClusterGroupsCalculator;
  private readonly lists: ClusterRuleLists;
  /** Rule ends by the workloads that they name. */
  private readonly byWorkload = new Map<string, SmallSet<RuleEnd>>();
  private readonly told = new Map<LabelSetId, ToldUnit>();
  private readonly dirty = new Set<LabelSetId>();

  constructor(shared: SharedFacts) {
    this.facts = new ClusterFacts(shared);
    this.groups = new ClusterGroupsCalculator(this.facts);
    this.lists = new ClusterRuleLists(this.groups);
  }

  addRule(rule: CompiledRule): void {
    for (const end of rule.ends) {
      for (const question of end.peers.questions) this.follow(this.groups.ask(question));
    }
    for (const end of rule.ends) this.place(end);
  }

  removeRule(rule: CompiledRule): void {
    for (const end of rule.ends) this.displace(end);
    for (const end of rule.ends) {
      for (const question of end.peers.questions) this.follow(this.groups.forget(question));
    }
  }

  setLabelSet(labelSet: LabelSet, mode: EnforcementMode): void {
    const known = this.facts.labelSets.get(labelSet.id);
    if (known?.mode === mode) return;
    this.facts.labelSets.set(labelSet.id, { labelSet, mode });
    this.dirty.add(labelSet.id);
    if (known !== undefined) return;
    this.follow(this.facts.index.addLabelSet(labelSet));
    this.touchWorkloadsOf(labelSet.id);
  }

  removeLabelSet(id: LabelSetId): void {
    if (!this.facts.labelSets.delete(id)) return;
    this.dirty.add(id);
    this.follow(this.facts.index.removeLabelSet(id));
    this.touchWorkloadsOf(id);
  }

  /** The shared directory has been told already. */
  workloadMoved(workload: string, from: LabelSetId | undefined, to: LabelSetId | null): void {
    if (!this.byWorkload.has(workload)) return;
    this.groups.workloadChanged(workload);
    for (const id of [from, to]) if (typeof id === 'string') this.dirty.add(id);
  }

  catalogueChanged(changed: Iterable<LabelId>): void {
    this.follow(this.facts.index.setCatalogue(this.facts.shared.catalogue, changed));
    for (const workload of this.byWorkload.keys()) this.touchWorkload(workload);
  }

  answerChanged(group: string): void {
    this.groups.answerChanged(group);
  }

  flush(): PolicyChanges {
    const units = { upsert: [] as UnitOfLists[], remove: [] as LabelSetId[] };
    for (const id of this.dirty) this.settleUnit(id, units);
    this.dirty.clear();
    return { units, lists: this.lists.flush(), groups: this.groups.flush() };
  }

  /** The list of now is named before that of until now is given up: one that stays is not told again. */
  private settleUnit(id: LabelSetId, { upsert, remove }: PolicyChanges['units']): void {
    const known = this.facts.labelSets.get(id);
    const told = this.told.get(id);
    if (known === undefined || !carriesRules(known.labelSet)) {
      if (this.told.delete(id)) remove.push(id);
    } else {
      const { labelSet, mode } = known;
      const questions = this.facts.index.selectorsOf(id);
      const listed = this.lists.use({ labelSet: id, questions, named: this.naming(id) });
      if (told?.mode !== mode || told.listed !== listed) {
        this.told.set(id, { mode, listed });
        upsert.push({ labelSet, mode, lists: [listed.id] });
      }
    }
    if (told !== undefined) this.lists.disuse(told.listed);
  }

  private follow(changes: readonly MembershipChange[]): void {
    for (const change of changes) {
      if (this.lists.carries(change.selector)) this.dirty.add(change.labelSet);
      this.groups.memberChanged(change);
    }
  }

  private place(end: RuleEnd): void {
    const { labelled, named } = end.at;
    if (labelled !== null && this.lists.place(labelled.id, end)) this.touchMembers(labelled.id);
    for (const workload of named?.workloads ?? []) {
      addTo(this.byWorkload, workload, end);
      this.touchWorkload(workload);
    }
  }

  private displace(end: RuleEnd): void {
    const { labelled, named } = end.at;
    if (labelled !== null && this.lists.displace(labelled.id, end)) this.touchMembers(labelled.id);
    for (const workload of named?.workloads ?? []) {
      this.touchWorkload(workload);
      removeFrom(this.byWorkload, workload, end);
    }
  }

  private touchMembers(question: string): void {
    for (const id of this.facts.index.labelSetsOf(question)) this.dirty.add(id);
  }

  private touchWorkloadsOf(labelSet: LabelSetId): void {
    for (const workload of this.facts.shared.workloads.workloadsOf(labelSet)) {
      if (this.byWorkload.has(workload)) this.touchWorkload(workload);
    }
  }

  private touchWorkload(workload: string): void {
    this.groups.workloadChanged(workload);
    const labelSet = this.facts.shared.workloads.labelSetOf(workload);
    if (labelSet !== undefined) this.dirty.add(labelSet);
  }

  /** Rule ends that name workloads of the label set, where labels do not mean the whole of it. */
  private naming(labelSet: LabelSetId): RuleEnd[] {
    if (this.byWorkload.size === 0) return [];
    const named = new Map<RuleEnd, string[]>();
    for (const workload of this.facts.shared.workloads.workloadsOf(labelSet)) {
      for (const end of this.byWorkload.get(workload) ?? []) {
        const isMeantByLabels =
          end.at.labelled !== null && this.facts.index.isMember(end.at.labelled.id, labelSet);
        if (isMeantByLabels || !this.facts.isMeant(end.at.named!, workload)) continue;
        named.set(end, [...(named.get(end) ?? []), workload]);
      }
    }
    return [...named].map(([end, only]) => ({ ...end, wire: { ...end.wire, onlyWorkloads: only.sort() } }));
  }
}

/** Services and unmanaged workloads are peers only. */
const carriesRules = (labelSet: LabelSet): boolean => labelSet.class === 'pod' || labelSet.class === 'node';
