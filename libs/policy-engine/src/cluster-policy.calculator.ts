/**
 * Units and groups of one cluster, incrementally. A change marks the label sets whose rules it may concern; `flush`
 * builds those units anew and tells the ones that differ, with the groups that they refer to.
 *
 *     rule ──asks──▶ question ◀──matching──▶ label set ──▶ unit
 *
 * Groups are told before the units that refer to them; what is removed comes last (units, then groups).
 */
import type { EnforcementMode, LabelSet, LabelSetId, Unit, WireRule } from '@ringfence/contracts';
import type { LabelId } from '@ringfence/contracts';
import type { MembershipChange } from '@ringfence/labels';
import { ClusterFacts } from './cluster-facts.js';
import type { KnownLabelSet, SharedFacts } from './cluster-facts.js';
import { ClusterGroupsCalculator } from './cluster-groups.calculator.js';
import type { GroupChanges } from './cluster-groups.calculator.js';
import type { CompiledRule, RuleEnd } from './rule-compiler.js';
import type { Direction } from './evaluate.js';
import { compareRuleOrder, sameWire } from './rule-compiler.js';

export interface PolicyChanges {
  readonly units: { readonly upsert: Unit[]; readonly remove: LabelSetId[] };
  readonly groups: GroupChanges;
}

/** A rule end at one unit; `only`: the workloads that it names, where labels do not mean the whole label set. */
interface Carried {
  readonly end: RuleEnd;
  readonly only: readonly string[] | null;
}

export class ClusterPolicyCalculator {
  readonly #facts: ClusterFacts;
  readonly #groups: ClusterGroupsCalculator;
  /** Rule ends by the question that says whose units carry them, and by the workloads that they name. */
  readonly #carriedBy = new Map<string, Set<RuleEnd>>();
  readonly #naming = new Map<string, Set<RuleEnd>>();
  readonly #told = new Map<LabelSetId, Unit>();
  readonly #wireUses = new Map<WireRule, number>();
  readonly #dirty = new Set<LabelSetId>();

  constructor(shared: SharedFacts) {
    this.#facts = new ClusterFacts(shared);
    this.#groups = new ClusterGroupsCalculator(this.#facts);
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
    const upsert: Unit[] = [];
    const remove: LabelSetId[] = [];
    for (const id of this.#dirty) {
      const told = this.#told.get(id);
      const known = this.#facts.labelSets.get(id);
      const unit = known !== undefined && carriesRules(known.labelSet) ? this.#build(known) : undefined;
      if (unit === undefined) {
        if (told !== undefined) remove.push(id);
      } else if (told === undefined || !sameUnit(told, unit)) upsert.push(unit);
      else continue;
      this.#replace(id, told, unit);
    }
    this.#dirty.clear();
    upsert.sort((a, b) => (a.labelSet.id < b.labelSet.id ? -1 : 1));
    return { units: { upsert, remove: remove.sort() }, groups: this.#groups.flush() };
  }

  #follow(changes: readonly MembershipChange[]): void {
    for (const change of changes) {
      if (this.#carriedBy.has(change.selector)) this.#dirty.add(change.labelSet);
      this.#groups.memberChanged(change);
    }
  }

  #place(end: RuleEnd): void {
    const { labelled, named } = end.at;
    if (labelled !== null) {
      addTo(this.#carriedBy, labelled.id, end);
      for (const id of this.#facts.index.labelSetsOf(labelled.id)) this.#dirty.add(id);
    }
    for (const workload of named?.workloads ?? []) {
      addTo(this.#naming, workload, end);
      this.#touchWorkload(workload);
    }
  }

  #displace(end: RuleEnd): void {
    const { labelled, named } = end.at;
    if (labelled !== null) {
      removeFrom(this.#carriedBy, labelled.id, end);
      for (const id of this.#facts.index.labelSetsOf(labelled.id)) this.#dirty.add(id);
    }
    for (const workload of named?.workloads ?? []) {
      this.#touchWorkload(workload);
      removeFrom(this.#naming, workload, end);
    }
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

  #build({ labelSet, mode }: KnownLabelSet): Unit {
    const carried = [...this.#byLabels(labelSet.id), ...this.#byName(labelSet.id)].sort((a, b) =>
      compareRuleOrder(a.end.order, b.end.order),
    );
    return { labelSet, mode, ingress: wires(carried, 'ingress'), egress: wires(carried, 'egress') };
  }

  #byLabels(labelSet: LabelSetId): Carried[] {
    const carried: Carried[] = [];
    for (const question of this.#facts.index.selectorsOf(labelSet)) {
      for (const end of this.#carriedBy.get(question) ?? []) carried.push({ end, only: null });
    }
    return carried;
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

  /** Keeps count of which wire rules are in force, and so of which groups are needed. */
  #replace(id: LabelSetId, before: Unit | undefined, after: Unit | undefined): void {
    for (const wire of rulesOf(after)) {
      const uses = this.#wireUses.get(wire) ?? 0;
      this.#wireUses.set(wire, uses + 1);
      if (uses === 0) for (const peer of wire.peers) this.#groups.use(peer);
    }
    for (const wire of rulesOf(before)) {
      const uses = this.#wireUses.get(wire)! - 1;
      if (uses > 0) this.#wireUses.set(wire, uses);
      else {
        this.#wireUses.delete(wire);
        for (const peer of wire.peers) this.#groups.disuse(peer);
      }
    }
    if (after === undefined) this.#told.delete(id);
    else this.#told.set(id, after);
  }
}

/** Services and unmanaged workloads are peers only. */
const carriesRules = (labelSet: LabelSet): boolean => labelSet.class === 'pod' || labelSet.class === 'node';

const rulesOf = (unit: Unit | undefined): WireRule[] =>
  unit === undefined ? [] : [...unit.ingress, ...unit.egress];

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

function sameUnit(a: Unit, b: Unit): boolean {
  return a.mode === b.mode && sameRules(a.ingress, b.ingress) && sameRules(a.egress, b.egress);
}

const sameRules = (a: readonly WireRule[], b: readonly WireRule[]): boolean =>
  a.length === b.length && a.every((wire, i) => sameWire(wire, b[i]!));

function addTo<V>(map: Map<string, Set<V>>, key: string, value: V): void {
  const values = map.get(key);
  if (values === undefined) map.set(key, new Set([value]));
  else values.add(value);
}

function removeFrom<V>(map: Map<string, Set<V>>, key: string, value: V): void {
  const values = map.get(key);
  if (values?.delete(value) && values.size === 0) map.delete(key);
}
