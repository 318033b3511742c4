/**
 * What the control plane says about a label set → what is enforced: the essential rules in front, the ClusterIPs that
 * rules to Pods open, and a closed unit where nothing was said yet. Only for label sets that somebody has.
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
import { openServices } from '@ringfence/policy-engine';
import type { OpenedServices } from '@ringfence/policy-engine';
import { clusterDns } from './cluster-dns.js';
import type { ClusterDns, DnsClients } from './cluster-dns.js';
import type { CommittedPolicy } from './policy-buffer.calculator.js';
import { OpenedLists } from './opened-lists.js';
import { ownServiceRules } from './own-services.js';
import { perObject } from './per-object.js';
import { ServiceBook } from './service-book.js';
import type { BackendLookup } from './service-book.js';

export interface UnitChanges {
  readonly units: { readonly upsert: Unit[]; readonly remove: LabelSetId[] };
  readonly groups: { readonly upsert: Group[]; readonly remove: GroupId[] };
}

interface InUse {
  readonly labelSet: LabelSet;
  /** Of a closed unit; the control plane's unit has a mode of its own. */
  readonly mode: EnforcementMode;
}

export class EffectiveUnits {
  readonly services = new ServiceBook();
  private readonly base = new Map<LabelSetId, Unit>();
  private readonly inUse = new Map<LabelSetId, InUse>();
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
      this.services.setGroup(group);
      this.changedGroups.set(group.id, group);
    }
    for (const id of groups.remove) {
      this.services.removeGroup(id);
      this.changedGroups.set(id, null);
    }
    for (const unit of units.upsert) this.setBase(unit.labelSet.id, unit);
    for (const id of units.remove) this.setBase(id, undefined);
  }

  use(labelSet: LabelSet, mode: EnforcementMode): void {
    if (this.inUse.get(labelSet.id)?.mode === mode) return;
    this.inUse.set(labelSet.id, { labelSet, mode });
    this.services.labelSetChanged(labelSet.id);
    this.useList(this.base.get(labelSet.id));
    this.dirty.add(labelSet.id);
  }

  disuse(id: LabelSetId): void {
    if (!this.inUse.delete(id)) return;
    this.disuseList(this.base.get(id));
    this.dirty.add(id);
  }

  /** Whether the control plane has said anything about it. */
  isKnown(id: LabelSetId): boolean {
    return this.base.has(id);
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
    const { groups: opened, labelSets } = this.services.settle(lookup, (id) => this.modeOf(id) === 'full');
    for (const group of opened) for (const id of this.lists.changed(group)) this.dirty.add(id);
    for (const id of labelSets) if (this.inUse.has(id)) this.dirty.add(id);
    if (clients !== null) this.settleDns(lookup, clients);
    const changes: UnitChanges = { units: { upsert: [], remove: [] }, groups: { upsert: [], remove: [] } };
    for (const id of this.dirty) this.rebuild(id, changes.units);
    this.dirty.clear();
    this.tellGroups(changes.groups);
    return changes;
  }

  private modeOf(id: LabelSetId): EnforcementMode | undefined {
    return this.base.get(id)?.mode ?? this.inUse.get(id)?.mode;
  }

  private setBase(id: LabelSetId, unit: Unit | undefined): void {
    this.services.labelSetChanged(id);
    const isInUse = this.inUse.has(id);
    if (isInUse) this.disuseList(this.base.get(id));
    if (unit === undefined) this.base.delete(id);
    else this.base.set(id, unit);
    if (!isInUse) return;
    this.useList(unit);
    this.dirty.add(id);
  }

  private useList(unit: Unit | undefined): void {
    if (unit !== undefined) this.lists.use(unit.egress, unit.labelSet.id);
  }

  private disuseList(unit: Unit | undefined): void {
    if (unit !== undefined) this.lists.disuse(unit.egress, unit.labelSet.id);
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

  private build({ labelSet, mode }: InUse): { unit: Unit; groups: Group[] } {
    const base = this.base.get(labelSet.id) ?? { labelSet, mode, ingress: [], egress: [] };
    // A node, and whoever runs on its network, looks names up too.
    const { egress, groups } = this.lists.opened(base.egress, () => this.open(base));
    if (labelSet.class !== 'pod') return { unit: { ...base, egress }, groups };
    const own = ownServiceRules(labelSet.id, this.services.ownPorts(labelSet.id, this.isOf));
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
    const { egress, groups } = openServices(base, (group) => this.services.portsBehind(group));
    return { egress: [...this.dns.egress, ...egress], groups };
  }

  /** DNS Pods let everybody ask; all others have the very rules of their list. */
  private answering({ labelSet, ingress }: Unit): WireRule[] {
    const servers = this.dnsWorkloads.get(labelSet.id);
    if (servers === undefined) return ingress;
    return [...this.dns.ingress.map((rule) => onlyFor(rule, servers)), ...ingress];
  }

  private readonly isOf = (labelSet: LabelSetId, namespace: string): boolean =>
    this.inUse.get(labelSet)?.labelSet.namespace === namespace;

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
