/**
 * What the control plane says about a label set → what is enforced: the essential rules in front, the ClusterIPs that
 * rules to Pods open, what NetworkPolicies add to the variants of a label set, and a closed unit where nothing was said yet. Only for
 * label sets that somebody has.
 */
import type {
  Address,
  EnforcementMode,
  Group,
  GroupId,
  LabelSet,
  LabelSetId,
  Unit,
  WireRule,
} from '@ringfence/contracts';
import { isSameValue } from '@ringfence/decider';
import { modeIn, openServices, rulesBehind, withMembers } from '@ringfence/policy-engine';
import type { OpenedServices } from '@ringfence/policy-engine';
import { clusterDns } from './cluster-dns.js';
import type { ClusterDns, DnsClients } from './cluster-dns.js';
import type { CommittedPolicy } from './policy-buffer.calculator.js';
import { OpenedLists } from './opened-lists.js';
import { ownServiceRules } from './own-services.js';
import type { AddedRules } from './network-policies/policy-rules.js';
import { BEHIND_NOTHING, withAdded, withBehind } from './added-rules.js';
import type { RulesBehind } from './added-rules.js';
import { perObject } from './per-object.js';
import { ServiceBook } from './service-book.js';
import type { BackendLookup } from './service-profiles.js';

export interface UnitChanges {
  readonly units: { readonly upsert: Unit[]; readonly remove: LabelSetId[] };
  readonly groups: { readonly upsert: Group[]; readonly remove: GroupId[] };
}

interface InUse {
  readonly labelSet: LabelSet;
  /** Of a closed unit; the control plane's unit has a mode of its own. */
  readonly mode: EnforcementMode;
  /** The label set that the control plane knows: this one, or that of which it is a variant. */
  readonly base: LabelSetId;
  readonly added: AddedRules | null;
  /** What it enforces for Services that it stands behind. */
  readonly behind: RulesBehind;
  /** As it is told to be enforced, before essential rules and ClusterIPs. */
  unit: Unit;
}

export class EffectiveUnits {
  readonly services = new ServiceBook();
  private readonly base = new Map<LabelSetId, Unit>();
  private readonly inUse = new Map<LabelSetId, InUse>();
  private readonly variantsOf = new Map<LabelSetId, Set<LabelSetId>>();
  /** As the control plane told them. */
  private readonly policyGroups = new Map<GroupId, Group>();
  private readonly told = new Map<LabelSetId, Unit>();
  private readonly toldGroups = new Map<GroupId, Group>();
  private readonly lists = new OpenedLists();
  private readonly openedBy = new Map<GroupId, Set<LabelSetId>>();
  private readonly opened = new Map<LabelSetId, GroupId[]>();
  private readonly dirty = new Set<LabelSetId>();
  private dns: ClusterDns = clusterDns([], { labelSets: [], cidrs: [] });
  private dnsText = '';
  /** Workloads of the DNS Pods, by label set. */
  private dnsWorkloads: ReadonlyMap<LabelSetId, string[]> = new Map();
  private readonly changedGroups = new Map<GroupId, Group | null>();

  setPolicy({ units, groups }: Pick<CommittedPolicy, 'units' | 'groups'>): void {
    for (const group of groups.upsert) {
      this.policyGroups.set(group.id, group);
      this.setGroup(this.withVariants(group));
    }
    for (const id of groups.remove) {
      this.policyGroups.delete(id);
      this.removeGroup(id);
    }
    for (const unit of units.upsert) this.setBase(unit.labelSet.id, unit);
    for (const id of units.remove) this.setBase(id, undefined);
  }

  /** Groups that are made in the cluster. */
  setGroups({ upsert, remove }: CommittedPolicy['groups']): void {
    for (const group of upsert) this.setGroup(group);
    for (const id of remove) this.removeGroup(id);
  }

  /** `base`: the label set that the control plane knows, where this one is a variant of it. */
  use(labelSet: LabelSet, mode: EnforcementMode, base: LabelSetId = labelSet.id): void {
    const { id } = labelSet;
    const known = this.inUse.get(id);
    if (known?.mode === mode) return;
    if (known === undefined && base !== id) this.setVariant(base, id, true);
    const { added = null, behind = BEHIND_NOTHING } = known ?? {};
    this.reuse({ labelSet, mode, base, added, behind });
  }

  /** What NetworkPolicies add to a variant that is in use. */
  add(id: LabelSetId, added: AddedRules): void {
    const known = this.inUse.get(id);
    if (known !== undefined && known.added !== added) this.reuse({ ...known, added });
  }

  disuse(id: LabelSetId): void {
    const known = this.inUse.get(id);
    if (known === undefined) return;
    this.inUse.delete(id);
    this.lists.disuse(known.unit.egress, id);
    if (known.base !== id) this.setVariant(known.base, id, false);
    this.dirty.add(id);
  }

  /** Whether the control plane has said anything about it. */
  isKnown(id: LabelSetId): boolean {
    return this.base.has(this.inUse.get(id)?.base ?? id);
  }

  baseLabelSet(id: LabelSetId): LabelSet | undefined {
    return this.base.get(id)?.labelSet;
  }

  /** Whether the cluster's DNS is behind one of them. */
  isDns(addresses: ReadonlySet<Address>): boolean {
    return [...this.dns.backendAddresses].some((address) => addresses.has(address));
  }

  unit(id: LabelSetId): Unit | undefined {
    return this.told.get(id);
  }

  /** `clients`: who may ask the cluster's DNS, where that or anything else about it may have changed. */
  flush(lookup: BackendLookup, clients: DnsClients | null): UnitChanges {
    const { groups: opened, labelSets } = this.services.settle(lookup, {
      judges: (id) => this.judges(id),
      namespaceOf: (id) => this.inUse.get(id)?.labelSet.namespace ?? null,
    });
    for (const group of opened) this.settleOpened(group);
    for (const id of labelSets) this.settleBehind(id);
    if (clients !== null) this.settleDns(lookup, clients);
    const changes: UnitChanges = { units: { upsert: [], remove: [] }, groups: { upsert: [], remove: [] } };
    for (const id of this.dirty) this.rebuild(id, changes.units);
    this.dirty.clear();
    this.tellGroups(changes.groups);
    return changes;
  }

  private settleOpened(id: GroupId): void {
    for (const unit of this.lists.changed(id)) this.dirty.add(unit);
    const group = this.policyGroups.get(id);
    if (group?.behindServices !== undefined)
      this.changedGroups.set(id, withMembers(group, this.services.servicesOf(id)));
  }

  /** Services that the label set stands behind are others now, or rules say something else of them. */
  private settleBehind(id: LabelSetId): void {
    const known = this.inUse.get(id);
    if (known === undefined) return;
    this.dirty.add(id);
    const behind = rulesBehind(id, this.services.servicesBefore(id), (service) => this.base.get(service));
    if (!isSameValue(known.behind, behind)) this.replaceUnit({ ...known, behind });
  }

  /** Whoever is in full where packets come in. */
  private judges(id: LabelSetId): boolean {
    const unit = this.inUse.get(id)?.unit ?? this.base.get(id);
    return unit !== undefined && modeIn('ingress', unit.mode, unit.isolated) === 'full';
  }

  private setBase(id: LabelSetId, unit: Unit | undefined): void {
    this.services.labelSetChanged(id);
    this.services.rulesChanged(id);
    if (unit === undefined) this.base.delete(id);
    else this.base.set(id, unit);
    for (const each of [id, ...(this.variantsOf.get(id) ?? [])]) {
      const known = this.inUse.get(each);
      if (known !== undefined) this.reuse(known);
    }
  }

  private reuse(use: Omit<InUse, 'unit'>): void {
    this.replaceUnit(use);
    this.services.labelSetChanged(use.labelSet.id);
  }

  private replaceUnit(use: Omit<InUse, 'unit'>): void {
    const { id } = use.labelSet;
    const known = this.inUse.get(id);
    if (known !== undefined) this.lists.disuse(known.unit.egress, id);
    const unit = this.unitOf(use);
    this.inUse.set(id, { ...use, unit });
    this.lists.use(unit.egress, id);
    this.dirty.add(id);
  }

  private unitOf({ labelSet, mode, base, added, behind }: Omit<InUse, 'unit'>): Unit {
    const told = withBehind(this.base.get(base) ?? { labelSet, mode, ingress: [], egress: [] }, behind);
    const named =
      told.labelSet.id === labelSet.id ? told : { ...told, labelSet: { ...told.labelSet, id: labelSet.id } };
    return added === null ? named : withAdded(named, added);
  }

  private setVariant(base: LabelSetId, id: LabelSetId, isInUse: boolean): void {
    const variants = this.variantsOf.get(base) ?? new Set<LabelSetId>();
    if (isInUse) this.variantsOf.set(base, variants.add(id));
    else if (variants.delete(id) && variants.size === 0) this.variantsOf.delete(base);
    for (const group of [...this.services.groupsNaming(base)]) {
      const told = this.policyGroups.get(group);
      if (told !== undefined) this.setGroup(this.withVariants(told));
    }
  }

  /** Who has a variant of a label set is in every group that names the label set. */
  private withVariants(group: Group): Group {
    if (!group.labelSets.some((id) => this.variantsOf.has(id))) return group;
    const all = group.labelSets.flatMap((id) => [id, ...(this.variantsOf.get(id) ?? [])]);
    return { ...group, labelSets: all.sort() };
  }

  private setGroup(group: Group): void {
    this.services.setGroup(group);
    this.changedGroups.set(group.id, group);
  }

  private removeGroup(id: GroupId): void {
    this.services.removeGroup(id);
    this.changedGroups.set(id, null);
  }

  private settleDns(lookup: BackendLookup, clients: DnsClients): void {
    this.dns = clusterDns(this.services.services(), clients);
    const workloads = new Map<LabelSetId, string[]>();
    for (const address of this.dns.backendAddresses) {
      const endpoint = lookup(address);
      if (endpoint === undefined || endpoint === 'nobodys' || endpoint.workload === null) continue;
      workloads.set(
        endpoint.labelSet,
        [...new Set([...(workloads.get(endpoint.labelSet) ?? []), endpoint.workload])].sort(),
      );
    }
    const { egress, ingress, groups } = this.dns;
    for (const group of groups) {
      if (!isSameValue(this.toldGroups.get(group.id), group)) this.changedGroups.set(group.id, group);
    }
    const text = JSON.stringify([egress, ingress, [...workloads].sort()]);
    if (text !== this.dnsText) {
      this.lists.allChanged();
      for (const id of this.inUse.keys()) this.dirty.add(id);
    }
    this.dnsText = text;
    this.dnsWorkloads = workloads;
  }

  private rebuild(id: LabelSetId, changes: UnitChanges['units']): void {
    const inUse = this.inUse.get(id);
    const built = inUse && this.build(inUse);
    this.replaceOpened(id, built?.groups ?? []);
    const told = this.told.get(id);
    if (built === undefined) {
      if (this.told.delete(id)) changes.remove.push(id);
    } else if (told === undefined || !isSameUnit(told, built.unit)) {
      this.told.set(id, built.unit);
      changes.upsert.push(built.unit);
    }
  }

  private build({ labelSet, unit: base }: InUse): { unit: Unit; groups: Group[] } {
    // A node, and whoever runs on its network, looks names up too.
    const { egress, groups } = this.lists.opened(base.egress, () => this.open(base));
    if (labelSet.class !== 'pod') return { unit: { ...base, egress }, groups };
    const own = ownServiceRules(labelSet.id, this.services.ownPorts(labelSet.id, this.ownCircle(base)));
    const beforeOwn = this.dns.egress.length;
    return {
      unit: {
        ...base,
        ingress: this.answering(base),
        egress: own.egress.length === 0 ? egress : egress.toSpliced(beforeOwn, 0, ...own.egress),
      },
      groups: [...groups, ...own.groups],
    };
  }

  private open(base: Unit): OpenedServices {
    const { egress, groups } = openServices(base, this.services);
    return { egress: [...this.dns.egress, ...egress], groups };
  }

  /** DNS Pods let everybody ask; all others have the very rules of their list. */
  private answering({ labelSet, ingress }: Unit): WireRule[] {
    const servers = this.dnsWorkloads.get(labelSet.id);
    if (servers === undefined) return ingress;
    return [...this.dns.ingress.map((rule) => onlyFor(rule, servers)), ...ingress];
  }

  /** Who is isolated, and not in full, may share his mode with others who judge nobody. */
  private ownCircle({ isolated }: Unit): (labelSet: LabelSetId, namespace: string) => boolean {
    return (labelSet, namespace) =>
      this.inUse.get(labelSet)?.labelSet.namespace === namespace &&
      (isolated?.egress !== true || this.judges(labelSet));
  }

  /** A group of ClusterIPs stands as long as some unit refers to it; all that do say the same of it. */
  private replaceOpened(id: LabelSetId, groups: readonly Group[]): void {
    for (const group of this.opened.get(id) ?? []) {
      const users = this.openedBy.get(group);
      users?.delete(id);
      if (users?.size === 0) {
        this.openedBy.delete(group);
        this.changedGroups.set(group, null);
      }
    }
    for (const group of groups) {
      const users = this.openedBy.get(group.id);
      if (users === undefined) this.openedBy.set(group.id, new Set([id]));
      else users.add(id);
      this.changedGroups.set(group.id, group);
    }
    if (groups.length === 0) this.opened.delete(id);
    else
      this.opened.set(
        id,
        groups.map((group) => group.id),
      );
  }

  private tellGroups(changes: UnitChanges['groups']): void {
    for (const [id, group] of this.changedGroups) {
      const told = this.toldGroups.get(id);
      if (group === null) {
        if (this.toldGroups.delete(id)) changes.remove.push(id);
      } else if (!isSameValue(told, group)) {
        this.toldGroups.set(id, group);
        changes.upsert.push(group);
      }
    }
    this.changedGroups.clear();
  }
}

const isSameUnit = (a: Unit, b: Unit): boolean =>
  a.mode === b.mode &&
  isSameValue(a.isolated, b.isolated) &&
  a.labelSet.id === b.labelSet.id &&
  isSameRules(a.ingress, b.ingress) &&
  isSameRules(a.egress, b.egress);

type Rules = readonly WireRule[];
/** Once for all units that had the one and have the other. */
const comparedWith = perObject((a: Rules) => perObject((b: Rules) => isSameValue(a, b)));
const isSameRules = (a: Rules, b: Rules): boolean => a === b || comparedWith(a)(b);

const onlyFor = (rule: WireRule, workloads: readonly string[]): WireRule => ({
  ...rule,
  onlyWorkloads: [...workloads],
});
