/**
 * NetworkPolicies of Kubernetes as part of our policy. Pods of one label set in which the policies see the same are a *variant* of it:
 * the unit of the label set, and the rules that those policies add. Who is a peer is said by groups of variants, so that nothing is
 * Pods × Pods. Of Pods that we do not manage there are variants, too, that only their peers know.
 *
 *   traits of Pods ──▶ variants in use ──┬──▶ added rules ──▶ units
 *                                        └──▶ groups of peers
 */
import type { Group, GroupId, LabelSetId, NetworkPolicyForm } from '@ringfence/contracts';
import { isSameValue } from '@ringfence/decider';
import { sha256Hex } from '@ringfence/labels';
import { portKey } from './asked.js';
import { PeerGroups } from './peer-groups.js';
import { PodTraits } from './pod-traits.calculator.js';
import type { Traits } from './pod-traits.calculator.js';
import { addedRules } from './policy-rules.js';
import type { AddedRules, AskedGroups } from './policy-rules.js';
import type { RefusedPolicy } from './refused-policies.js';

export interface Variant {
  readonly id: LabelSetId;
  readonly base: LabelSetId;
  readonly traits: Traits;
}
const DIRECTIONS = ['ingress', 'egress'] as const;
/** The label set of all Pods that we do not manage. */
const UNMANAGED = 'unmanaged';

/** The rules of all variants that the same policies select, and whose own ports are the same. */
interface Added {
  readonly traits: Pick<Traits, 'policies' | 'ports' | 'rules'>;
  readonly users: Set<LabelSetId>;
  rules: AddedRules | null;
  asked: AskedGroups;
}

export class NetworkPolicies {
  readonly traits = new PodTraits();
  private readonly inUse = new Map<LabelSetId, Variant>();
  private readonly added = new Map<string, Added>();
  private readonly addedBy = new Map<string, Set<Added>>();
  private readonly groups = new PeerGroups();
  private readonly stale = new Set<Added>();
  /** Whose rules nobody was told yet. */
  private readonly fresh = new Set<LabelSetId>();
  private readonly variantsOf = new WeakMap<Traits, Map<LabelSetId, Variant>>();
  private hasIsolatingChanged = false;

  /** Of a Pod that has this label set; undefined: no policy sees anything in it. */
  variantOf(pod: string, base: LabelSetId | null): Variant | undefined {
    const traits = this.traits.of(pod);
    if (traits.key === '' || (base === null && traits.peers.size === 0)) return undefined;
    const named = base ?? UNMANAGED;
    const known = this.variantsOf.get(traits) ?? new Map<LabelSetId, Variant>();
    this.variantsOf.set(traits, known);
    const variant = known.get(named) ?? newVariant(named, traits);
    known.set(named, variant);
    return variant;
  }

  /** Pods whose variant may be another one. */
  settle(): ReadonlySet<string> {
    const { pods, policies, names, isolating } = this.traits.settle();
    for (const uid of policies) for (const added of this.addedBy.get(uid) ?? []) this.stale.add(added);
    // A name going out is a number of whoever is connected to.
    if (names.size > 0)
      for (const added of this.added.values()) if (this.asksForAny(added, names)) this.stale.add(added);
    if (isolating) this.hasIsolatingChanged = true;
    return pods;
  }

  use(variant: Variant): void {
    const { id, traits } = variant;
    if (this.inUse.has(id)) return;
    this.inUse.set(id, variant);
    this.fresh.add(id);
    this.groups.join(id, traits);
    const added = this.added.get(traits.rules) ?? this.newlyAdded(traits);
    added.users.add(id);
  }

  disuse(id: LabelSetId): void {
    const variant = this.inUse.get(id);
    if (variant === undefined) return;
    this.inUse.delete(id);
    this.fresh.delete(id);
    this.groups.leave(id);
    const added = this.added.get(variant.traits.rules)!;
    added.users.delete(id);
    if (added.users.size === 0) this.drop(added);
  }

  /** Undefined: the label set is no variant. */
  rulesOf(id: LabelSetId): { readonly base: LabelSetId; readonly added: AddedRules } | undefined {
    const variant = this.inUse.get(id);
    const added = variant && this.added.get(variant.traits.rules)?.rules;
    return added ? { base: variant.base, added } : undefined;
  }

  /** After all variants are known: those whose rules are others. */
  settleRules(): ReadonlySet<LabelSetId> {
    const changed = new Set(this.fresh);
    this.fresh.clear();
    for (const added of this.stale) {
      const asked: AskedGroups = { pods: new Map(), addresses: new Map() };
      const rules = this.make(added.traits, asked);
      this.groups.ask(asked);
      this.groups.askNoMore(added.asked);
      added.asked = asked;
      if (added.rules !== null && isSameValue(added.rules, rules)) continue;
      added.rules = rules;
      for (const id of added.users) changed.add(id);
    }
    this.stale.clear();
    return changed;
  }

  /** Whether other namespaces than before have policies. */
  takeIsolatingChanged(): boolean {
    const hasChanged = this.hasIsolatingChanged;
    this.hasIsolatingChanged = false;
    return hasChanged;
  }

  /** What changed of the groups of peers. */
  takeGroups(): { readonly upsert: Group[]; readonly remove: GroupId[] } {
    return this.groups.take();
  }

  /** Those that could not be read. */
  *refused(): Generator<RefusedPolicy> {
    for (const uid of this.traits.refused) {
      const { namespace, name, refused, ingress, egress } = this.traits.policies.get(uid)!;
      const closed = DIRECTIONS.filter((direction) => (direction === 'ingress' ? ingress : egress) !== null);
      yield { uid, namespace, name, ...refused!, closed };
    }
  }

  private newlyAdded(traits: Traits): Added {
    const asked: AskedGroups = { pods: new Map(), addresses: new Map() };
    const added: Added = { traits, users: new Set(), rules: null, asked };
    this.added.set(traits.rules, added);
    this.stale.add(added);
    for (const uid of traits.policies) this.addedBy.set(uid, (this.addedBy.get(uid) ?? new Set()).add(added));
    return added;
  }

  private drop(added: Added): void {
    this.added.delete(added.traits.rules);
    this.stale.delete(added);
    this.groups.askNoMore(added.asked);
    for (const uid of added.traits.policies) {
      const others = this.addedBy.get(uid);
      others?.delete(added);
      if (others?.size === 0) this.addedBy.delete(uid);
    }
  }

  private make(traits: Added['traits'], groups: AskedGroups): AddedRules {
    const policies = traits.policies.flatMap((uid) => this.traits.policies.get(uid) ?? []);
    const numbersOf = (name: string): number[] => this.traits.numbersOf(name);
    return addedRules(policies.sort(byName), { traits, numbersOf, groups });
  }

  private asksForAny({ traits }: Added, names: ReadonlySet<string>): boolean {
    return traits.policies.some((uid) =>
      (this.traits.policies.get(uid)?.egress ?? []).some(
        ({ ports }) => ports?.some((port) => port.name !== undefined && names.has(portKey(port))) === true,
      ),
    );
  }
}

const newVariant = (base: LabelSetId, traits: Traits): Variant => ({
  ...{ id: `ls-${sha256Hex(JSON.stringify(['variant', base, traits.key]), 20)}`, base, traits },
});

const byName = (a: NetworkPolicyForm, b: NetworkPolicyForm): number =>
  a.namespace === b.namespace ? (a.name < b.name ? -1 : 1) : a.namespace < b.namespace ? -1 : 1;
