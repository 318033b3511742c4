/**
 * NetworkPolicies of Kubernetes as part of our policy. Pods of one label set in which the policies see the same are a *variant* of it:
 * the unit of the label set, and the rules that those policies add. Who is a peer is said by groups of variants, so that nothing is
 * Pods × Pods. Of Pods that we do not manage there are variants, too, that only their peers know.
 *
 *   traits of Pods ──▶ variants in use ──┬──▶ added rules ──▶ units
 *                                        └──▶ groups of peers
 */
import { makeGroup } from '@ringfence/contracts';
import type { Group, GroupId, LabelSetId, NetworkPolicyForm, RefusedField } from '@ringfence/contracts';
import { isSameValue } from '@ringfence/decider';
import { sha256Hex } from '@ringfence/labels';
import { PodTraits } from './pod-traits.calculator.js';
import type { Traits } from './pod-traits.calculator.js';
import { addedRules } from './policy-rules.js';
import type { AddedRules, AskedGroups } from './policy-rules.js';

export interface Variant {
  readonly id: LabelSetId;
  readonly base: LabelSetId;
  readonly traits: Traits;
}
/** The label set of all Pods that we do not manage. */
const UNMANAGED = 'unmanaged';

export class NetworkPolicies {
  readonly traits = new PodTraits();
  private readonly inUse = new Map<LabelSetId, Variant>();
  private added = new Map<string, AddedRules>();
  private asked: AskedGroups = { pods: new Map(), addresses: new Map() };
  private readonly told = new Map<GroupId, Group>();
  private areRulesStale = false;
  private areGroupsStale = false;

  /** Of a Pod that has this label set; undefined: no policy sees anything in it. */
  variantOf(pod: string, base: LabelSetId | null): Variant | undefined {
    const traits = this.traits.of(pod);
    if (traits.key === '' || (base === null && traits.peers.size === 0)) return undefined;
    const named = base ?? UNMANAGED;
    return { id: `ls-${sha256Hex(JSON.stringify(['variant', named, traits.key]), 20)}`, base: named, traits };
  }

  /** Pods whose variant may be another one. */
  settle(): ReadonlySet<string> {
    const { pods, rules } = this.traits.settle();
    if (rules) this.areRulesStale = true;
    return pods;
  }

  use(variant: Variant): void {
    this.inUse.set(variant.id, variant);
    this.areRulesStale = true;
  }

  disuse(id: LabelSetId): void {
    if (this.inUse.delete(id)) this.areRulesStale = true;
  }

  /** Undefined: the label set is no variant. */
  rulesOf(id: LabelSetId): { readonly base: LabelSetId; readonly added: AddedRules } | undefined {
    const variant = this.inUse.get(id);
    if (variant === undefined) return undefined;
    return { base: variant.base, added: this.added.get(rulesKey(variant.traits))! };
  }

  variants(): Iterable<LabelSetId> {
    return this.inUse.keys();
  }

  /** After all variants are known: true where the rules of any may be others. */
  settleRules(): boolean {
    if (!this.areRulesStale) return false;
    this.areRulesStale = false;
    this.areGroupsStale = true;
    const before = this.added;
    this.added = new Map();
    this.asked = { pods: new Map(), addresses: new Map() };
    for (const { traits } of this.inUse.values()) {
      const key = rulesKey(traits);
      if (this.added.has(key)) continue;
      const made = this.make(traits);
      const known = before.get(key);
      this.added.set(key, known !== undefined && isSameValue(known, made) ? known : made);
    }
    return true;
  }

  /** What changed of the groups of peers. */
  takeGroups(): { readonly upsert: Group[]; readonly remove: GroupId[] } {
    const changes = { upsert: [] as Group[], remove: [] as GroupId[] };
    if (!this.areGroupsStale) return changes;
    this.areGroupsStale = false;
    const groups = new Map(this.asked.addresses);
    for (const [id, labelSets] of this.members())
      groups.set(id, makeGroup(id, { labelSets: labelSets.sort() }));
    for (const [id, group] of groups) {
      if (isSameValue(this.told.get(id), group)) continue;
      this.told.set(id, group);
      changes.upsert.push(group);
    }
    for (const id of this.told.keys()) {
      if (groups.has(id)) continue;
      this.told.delete(id);
      changes.remove.push(id);
    }
    return changes;
  }

  /** Those that could not be read. */
  *refused(): Generator<
    Pick<NetworkPolicyForm, 'namespace' | 'name'> & { uid: string; refused: RefusedField }
  > {
    for (const [uid, { value }] of this.traits.policies.entries()) {
      const { namespace, name, refused } = value;
      if (refused !== undefined) yield { uid, namespace, name, refused };
    }
  }

  private make(traits: Traits): AddedRules {
    const policies = traits.policies.flatMap((uid) => this.traits.policies.get(uid) ?? []);
    return addedRules(policies.sort(byName), {
      traits,
      numbersOf: (name) => this.traits.numbersOf(name),
      groups: this.asked,
    });
  }

  private members(): Map<GroupId, LabelSetId[]> {
    const members = new Map<GroupId, LabelSetId[]>([...this.asked.pods.keys()].map((id) => [id, []]));
    const groupsOf = new Map<string, GroupId[]>();
    for (const [id, { peer }] of this.asked.pods) groupsOf.set(peer, [...(groupsOf.get(peer) ?? []), id]);
    for (const { id: labelSet, traits } of this.inUse.values()) {
      const groups = [...traits.peers].flatMap((peer) => groupsOf.get(peer) ?? []);
      for (const id of groups) if (this.isThere(traits, id)) members.get(id)!.push(labelSet);
    }
    return members;
  }

  private isThere({ ports }: Traits, group: GroupId): boolean {
    const { port } = this.asked.pods.get(group)!;
    return port === null || ports.get(port[0])?.includes(port[1]) === true;
  }
}

/** Rules depend on which policies select, and where the Pod's own ports are. */
const rulesKey = ({ policies, ports }: Traits): string => JSON.stringify([policies, [...ports]]);

const byName = (a: NetworkPolicyForm, b: NetworkPolicyForm): number =>
  a.namespace === b.namespace ? (a.name < b.name ? -1 : 1) : a.namespace < b.namespace ? -1 : 1;
