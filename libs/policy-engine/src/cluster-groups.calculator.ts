/**
 * The groups of one cluster: which questions its rules ask, and the answers that changed. Only groups that a unit
 * refers to are told; which these are, the units' calculator says with `use` and `disuse`.
 */
import type { Group, GroupId, LabelSetId } from '@ringfence/contracts';
import type { MembershipChange } from '@ringfence/labels';
import type { ClusterFacts } from './cluster-facts.js';
import type { Question } from './question.js';
import { sameTexts } from './rule-compiler.js';

export interface GroupChanges {
  readonly upsert: Group[];
  readonly remove: GroupId[];
}

/** `all`: look again; otherwise the label sets that came (true) and went (false). */
type Pending = 'all' | Map<LabelSetId, boolean>;

export class ClusterGroupsCalculator {
  private readonly facts: ClusterFacts;
  private readonly asked = new Map<GroupId, { readonly question: Question; times: number }>();
  private readonly naming = new Map<string, Set<GroupId>>();
  private readonly uses = new Map<GroupId, number>();
  private readonly told = new Map<GroupId, Group>();
  private readonly pending = new Map<GroupId, Pending>();

  constructor(facts: ClusterFacts) {
    this.facts = facts;
  }

  /** A rule asks. The membership changes that this brings about are returned. */
  ask(question: Question): MembershipChange[] {
    const known = this.asked.get(question.id);
    if (known !== undefined) {
      known.times++;
      return [];
    }
    this.asked.set(question.id, { question, times: 1 });
    this.pending.set(question.id, 'all');
    if (question.kind === 'workloads') {
      for (const workload of question.workloads) {
        const groups = this.naming.get(workload);
        if (groups === undefined) this.naming.set(workload, new Set([question.id]));
        else groups.add(question.id);
      }
    }
    return question.kind === 'selector' ? this.facts.index.addSelector(question.id, question.selector) : [];
  }

  /** A rule no longer asks. */
  forget(question: Question): MembershipChange[] {
    const known = this.asked.get(question.id);
    if (known === undefined || --known.times > 0) return [];
    this.asked.delete(question.id);
    if (question.kind === 'workloads') {
      for (const workload of question.workloads) this.naming.get(workload)?.delete(question.id);
    }
    return question.kind === 'selector' ? this.facts.index.removeSelector(question.id) : [];
  }

  memberChanged({ selector, labelSet, member }: MembershipChange): void {
    const pending = this.pending.get(selector);
    if (pending === 'all' || !this.asked.has(selector)) return;
    if (pending === undefined) this.pending.set(selector, new Map([[labelSet, member]]));
    else pending.set(labelSet, member);
  }

  workloadChanged(workload: string): void {
    for (const id of this.naming.get(workload) ?? []) this.pending.set(id, 'all');
  }

  answerChanged(id: GroupId): void {
    if (this.asked.has(id)) this.pending.set(id, 'all');
  }

  use(id: GroupId): void {
    const uses = this.uses.get(id) ?? 0;
    this.uses.set(id, uses + 1);
    if (uses === 0 && !this.told.has(id)) this.pending.set(id, 'all');
  }

  disuse(id: GroupId): void {
    const uses = this.uses.get(id)! - 1;
    if (uses > 0) this.uses.set(id, uses);
    else {
      this.uses.delete(id);
      this.pending.set(id, 'all');
    }
  }

  flush(): GroupChanges {
    const changes: GroupChanges = { upsert: [], remove: [] };
    for (const [id, pending] of this.pending) {
      const told = this.told.get(id);
      const asked = this.uses.has(id) ? this.asked.get(id) : undefined;
      if (asked === undefined) {
        if (this.told.delete(id)) changes.remove.push(id);
        continue;
      }
      const group =
        told !== undefined && pending !== 'all' ? amend(told, pending) : this.answer(asked.question);
      if (told !== undefined && sameGroup(told, group)) continue;
      this.told.set(id, group);
      changes.upsert.push(group);
    }
    this.pending.clear();
    return changes;
  }

  private answer(question: Question): Group {
    const group: Group = {
      id: question.id,
      labelSets: [],
      workloads: [],
      cidrs: [],
      fqdns: [],
      ownHost: false,
    };
    switch (question.kind) {
      case 'selector':
        return { ...group, labelSets: this.facts.index.labelSetsOf(question.id).sort() };
      case 'workloads':
        return { ...group, workloads: question.workloads.filter((id) => this.facts.isMeant(question, id)) };
      case 'ip_list': {
        const list = this.facts.shared.ipLists.get(question.ipList);
        return list === undefined ? group : { ...group, cidrs: [...list.cidrs], fqdns: [...list.fqdns] };
      }
      case 'own_host':
        return { ...group, ownHost: true };
    }
  }
}

/** One label set more or less in a group of thousands must not cost a sort. */
function amend(told: Group, pending: ReadonlyMap<LabelSetId, boolean>): Group {
  const labelSets = told.labelSets.filter((id) => pending.get(id) !== false);
  const present = pending.size > 8 ? new Set(labelSets) : null;
  for (const [id, isMember] of pending) {
    if (!isMember || (present?.has(id) ?? false)) continue;
    const at = present === null ? positionOf(labelSets, id) : labelSets.length;
    if (labelSets[at] !== id) labelSets.splice(at, 0, id);
  }
  if (present !== null) labelSets.sort();
  return { ...told, labelSets };
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
  sameTexts(a.workloads, b.workloads) &&
  sameTexts(a.cidrs, b.cidrs) &&
  sameTexts(a.fqdns, b.fqdns);
