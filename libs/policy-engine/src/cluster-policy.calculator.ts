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
import type { MembershipChange } from '@ringfence/labels';
import { ClusterFacts } from './cluster-facts.js';
import type { SharedFacts } from './cluster-facts.js';
import { ClusterGroupsCalculator } from './cluster-groups.calculator.js';
import type { GroupChanges } from './cluster-groups.calculator.js';
import { addTo, ClusterRuleLists, removeFrom } from './cluster-rule-lists.calculator.js';
import type { Carried, RuleListChanges } from './cluster-rule-lists.calculator.js';
import type { CompiledRule, RuleEnd } from './rule-compiler.js';

export interface PolicyChanges {
  readonly units: { readonly upsert: UnitOfLists[]; readonly remove: LabelSetId[] };
  readonly lists: RuleListChanges;
  readonly groups: GroupChanges;
}

export class ClusterPolicyCalculator {
  readonly #facts: ClusterFacts;
  readonly #groups: ClusterGroupsCalculator;
  readonly #lists: ClusterRuleLists;
  /** Rule ends by the workloads that they name. */
  readonly #naming = new Map<string, Set<RuleEnd>>();
  readonly #told = new Map<LabelSetId, UnitOfLists>();
  readonly #dirty = new Set<LabelSetId>();

  constructor(shared: SharedFacts) {
    this.#facts = new ClusterFacts(shared);
    this.#groups = new ClusterGroupsCalculator(this.#facts);
    this.#lists = new ClusterRuleLists(this.#groups);
  }

  addRule(rule: CompiledRule): void {
    for (const end of rule.ends) {
      for (const question of end.peers.questions) this.#follow(this.#groups.ask(question));
    }
    for (const end of rule.ends) this.#place(end);
  }

  removeRule(rule: CompiledRule): void {
    for (const end of rule.ends) this.#displace(end);
    for (const end of rule.ends) {
      for (const question of end.peers.questions) this.#follow(this.#groups.forget(question));
    }
  }

  setLabelSet(labelSet: LabelSet, mode: EnforcementMode): void {
    const known = this.#facts.labelSets.get(labelSet.id);
    if (known?.mode === mode) return;
    this.#facts.labelSets.set(labelSet.id, { labelSet, mode });
    this.#dirty.add(labelSet.id);
    if (known !== undefined) return;
    this.#follow(this.#facts.index.addLabelSet(labelSet));
    this.#touchWorkloadsOf(labelSet.id);
  }

  removeLabelSet(id: LabelSetId): void {
    if (!this.#facts.labelSets.delete(id)) return;
    this.#dirty.add(id);
    this.#follow(this.#facts.index.removeLabelSet(id));
    this.#touchWorkloadsOf(id);
  }

  /** The shared directory has been told already. */
  workloadMoved(workload: string, from: LabelSetId | undefined, to: LabelSetId | null): void {
    if (!this.#naming.has(workload)) return;
    this.#groups.workloadChanged(workload);
    for (const id of [from, to]) if (typeof id === 'string') this.#dirty.add(id);
  }

  catalogueChanged(changed: Iterable<LabelId>): void {
    this.#follow(this.#facts.index.setCatalogue(this.#facts.shared.catalogue, changed));
    for (const workload of this.#naming.keys()) this.#touchWorkload(workload);
  }

  answerChanged(group: string): void {
    this.#groups.answerChanged(group);
  }

  flush(): PolicyChanges {
    const units = { upsert: [] as UnitOfLists[], remove: [] as LabelSetId[] };
    for (const id of this.#dirty) this.#settleUnit(id, units);
    this.#dirty.clear();
    units.upsert.sort((a, b) => (a.labelSet.id < b.labelSet.id ? -1 : 1));
    units.remove.sort();
    return { units, lists: this.#lists.flush(), groups: this.#groups.flush() };
  }

  /** The list of now is named before that of until now is given up: one that stays is not told again. */
  #settleUnit(id: LabelSetId, { upsert, remove }: PolicyChanges['units']): void {
    const told = this.#told.get(id);
    const unit = this.#build(id);
    for (const list of told?.lists ?? []) this.#lists.disuse(list);
    if (unit === undefined) {
      if (this.#told.delete(id)) remove.push(id);
    } else if (told?.mode !== unit.mode || told.lists[0] !== unit.lists[0]) {
      this.#told.set(id, unit);
      upsert.push(unit);
    }
  }

  #follow(changes: readonly MembershipChange[]): void {
    for (const change of changes) {
      if (this.#lists.carries(change.selector)) this.#dirty.add(change.labelSet);
      this.#groups.memberChanged(change);
    }
  }

  #place(end: RuleEnd): void {
    const { labelled, named } = end.at;
    if (labelled !== null && this.#lists.place(labelled.id, end)) this.#touchMembers(labelled.id);
    for (const workload of named?.workloads ?? []) {
      addTo(this.#naming, workload, end);
      this.#touchWorkload(workload);
    }
  }

  #displace(end: RuleEnd): void {
    const { labelled, named } = end.at;
    if (labelled !== null && this.#lists.displace(labelled.id, end)) this.#touchMembers(labelled.id);
    for (const workload of named?.workloads ?? []) {
      this.#touchWorkload(workload);
      removeFrom(this.#naming, workload, end);
    }
  }

  #touchMembers(question: string): void {
    for (const id of this.#facts.index.labelSetsOf(question)) this.#dirty.add(id);
  }

  #touchWorkloadsOf(labelSet: LabelSetId): void {
    for (const workload of this.#facts.shared.workloads.workloadsOf(labelSet)) {
      if (this.#naming.has(workload)) this.#touchWorkload(workload);
    }
  }

  #touchWorkload(workload: string): void {
    this.#groups.workloadChanged(workload);
    const labelSet = this.#facts.shared.workloads.labelSetOf(workload);
    if (labelSet !== undefined) this.#dirty.add(labelSet);
  }

  /** Undefined: it enforces nothing. */
  #build(id: LabelSetId): UnitOfLists | undefined {
    const known = this.#facts.labelSets.get(id);
    if (known === undefined || !carriesRules(known.labelSet)) return undefined;
    const { labelSet, mode } = known;
    const carrying = this.#facts.index.selectorsOf(labelSet.id).filter((id) => this.#lists.carries(id));
    const named = { labelSet: labelSet.id, carried: this.#byName(labelSet.id) };
    return { labelSet, mode, lists: [this.#lists.use(carrying, named)] };
  }

  #byName(labelSet: LabelSetId): Carried[] {
    const named = new Map<RuleEnd, string[]>();
    for (const workload of this.#facts.shared.workloads.workloadsOf(labelSet)) {
      for (const end of this.#naming.get(workload) ?? []) {
        const isMeantByLabels =
          end.at.labelled !== null && this.#facts.index.isMember(end.at.labelled.id, labelSet);
        if (isMeantByLabels || !this.#facts.isMeant(end.at.named!, workload)) continue;
        named.set(end, [...(named.get(end) ?? []), workload]);
      }
    }
    return [...named].map(([end, only]) => ({ end, only: only.sort() }));
  }
}

/** Services and unmanaged workloads are peers only. */
const carriesRules = (labelSet: LabelSet): boolean => labelSet.class === 'pod' || labelSet.class === 'node';
