/**
 * Which Services open for whom: for each group, the ports of Services that have a backend in it. Kept by what backends
 * *are* (label set, workload, target port) and not by who they are, so that Pods may come and go behind a Service
 * without anything being looked at again. Who a backend is follows from its address: whoever may write slices names any
 * Pod beside any address. Only what is no Pod of ours (a node, a Pod on its node's network, an address
 * such as the API server's) is also known by its address, because IP lists speak of it.
 */
import type { Address, Group, GroupId, LabelSetId, NodePortTarget } from '@ringfence/contracts';
import { CidrSet } from '@ringfence/policy-engine';
import type { ServiceEnd, ServicePortBehind } from '@ringfence/policy-engine';
import type { OwnServicePort } from './own-services.js';
import {
  addressOfKey,
  endOf,
  isExposed,
  keysOfGroup,
  keysOfProfiles,
  portsWithin,
  profilesOf,
} from './service-profiles.js';
import type { BackendLookup, BackendProfile, FrontedService, LabelSetLookup } from './service-profiles.js';

interface ServiceItem {
  service: FrontedService;
  profiles: readonly BackendProfile[];
  /** As rules mean it by its labels; null: it has none, its namespace is not managed. */
  end: ServiceEnd | null;
  /** Text of everything that decides about openings. */
  signature: string;
}
const NEW = { profiles: [], end: null, signature: '' };

export class ServiceBook {
  private readonly itemByUid = new Map<string, ServiceItem>();
  /** Of Services themselves. */
  private readonly labelSets = new Map<string, LabelSetId>();
  private readonly byPod = new Map<string, Set<string>>();
  private readonly byAddress = new Map<Address, Set<string>>();
  private readonly byKey = new Map<string, Set<string>>();
  private readonly groups = new Map<GroupId, Group>();
  private readonly groupsByKey = new Map<string, Set<GroupId>>();
  /** Groups that speak of addresses. */
  private readonly cidrs = new Map<GroupId, CidrSet>();
  private readonly answers = new Map<GroupId, readonly ServicePortBehind[]>();
  private readonly dirtyServices = new Set<string>();
  private readonly dirtyGroups = new Set<GroupId>();
  private readonly dirtyLabelSets = new Set<string>();

  setService(service: FrontedService): void {
    const known = this.itemByUid.get(service.uid);
    if (known === undefined) this.itemByUid.set(service.uid, { service, ...NEW });
    else {
      this.unlinkBackends(known.service);
      known.service = service;
    }
    for (const { podUid, address } of service.backends) {
      if (podUid !== null) link(this.byPod, podUid, service.uid);
      link(this.byAddress, address, service.uid);
    }
    this.dirtyServices.add(service.uid);
  }

  removeService(uid: string): void {
    const item = this.itemByUid.get(uid);
    if (item === undefined) return;
    this.unlinkBackends(item.service);
    this.unlinkProfiles(uid, item);
    this.itemByUid.delete(uid);
    this.dirtyServices.delete(uid);
  }

  /** The Service itself is labelled so; null: not at all. */
  setLabelSet(uid: string, labelSet: LabelSetId | null): void {
    if (labelSet === null) this.labelSets.delete(uid);
    else this.labelSets.set(uid, labelSet);
    this.dirtyServices.add(uid);
  }

  /** Rules say something else of Services with this label set: those behind them enforce it. */
  rulesChanged(labelSet: LabelSetId): void {
    for (const uid of this.byKey.get(`s ${labelSet}`) ?? [])
      for (const { labelSet: behind } of this.itemByUid.get(uid)!.profiles)
        if (behind !== null) this.dirtyLabelSets.add(behind);
  }

  /** The Pod has another label set. */
  podChanged(uid: string): void {
    for (const service of this.byPod.get(uid) ?? []) this.dirtyServices.add(service);
  }

  /** Its Pods may judge who comes, or not any more. */
  labelSetChanged(id: string): void {
    for (const service of this.byKey.get(`l ${id}`) ?? []) this.dirtyServices.add(service);
  }

  /** Whoever has them may be somebody else now. */
  addressesChanged(addresses: Iterable<Address>): void {
    for (const address of addresses)
      for (const service of this.byAddress.get(address) ?? []) this.dirtyServices.add(service);
  }

  /** Groups that hold whoever has the label set. */
  groupsNaming(labelSet: string): Iterable<GroupId> {
    return this.groupsByKey.get(`l ${labelSet}`) ?? [];
  }

  setGroup(group: Group): void {
    this.removeGroup(group.id);
    this.groups.set(group.id, group);
    if (group.cidrs.length > 0) this.cidrs.set(group.id, new CidrSet(group.cidrs));
    for (const key of keysOfGroup(group)) link(this.groupsByKey, key, group.id);
    this.dirtyGroups.add(group.id);
  }

  removeGroup(id: GroupId): void {
    const group = this.groups.get(id);
    if (group === undefined) return;
    for (const key of keysOfGroup(group)) unlink(this.groupsByKey, key, id);
    this.groups.delete(id);
    this.cidrs.delete(id);
    this.dirtyGroups.add(id);
  }

  /** Takes in what changed; returns the groups whose openings, and the label sets whose Services, may be others now. */
  settle(lookup: BackendLookup, labelSets: LabelSetLookup): { groups: GroupId[]; labelSets: string[] } {
    for (const uid of this.dirtyServices) this.profile(uid, lookup, labelSets);
    this.dirtyServices.clear();
    const changed = { groups: [...this.dirtyGroups], labelSets: [...this.dirtyLabelSets] };
    for (const id of changed.groups) this.answers.delete(id);
    this.dirtyGroups.clear();
    this.dirtyLabelSets.clear();
    return changed;
  }

  portsBehind(id: GroupId): readonly ServicePortBehind[] {
    let answer = this.answers.get(id);
    if (answer === undefined) {
      const group = this.groups.get(id);
      this.answers.set(id, (answer = group === undefined ? [] : this.answer(group)));
    }
    return answer;
  }

  /** Services that the group means by their labels. */
  servicesOf(id: GroupId): ServiceEnd[] {
    const labelSets = this.groups.get(id)?.behindServices ?? [];
    return labelSets.flatMap((labelSet) => [...this.ends(`s ${labelSet}`)]);
  }

  /** Services with labels that Pods of the label set stand behind. */
  servicesBefore(labelSet: LabelSetId): Iterable<ServiceEnd> {
    return this.ends(`l ${labelSet}`);
  }

  /** Ports of Pods that addresses of nodes lead to, sorted. */
  nodePorts(): NodePortTarget[] {
    const targets = new Map<string, NodePortTarget>();
    for (const { service, profiles } of this.itemByUid.values()) {
      for (const { portIndex, labelSet, workload, address, targetPort } of profiles) {
        const port = service.ports[portIndex];
        if (port === undefined || labelSet === null || address !== null || !isExposed(service, port))
          continue;
        const target = { labelSet, workload, proto: port.proto, port: targetPort };
        targets.set(Object.values(target).join(' '), target);
      }
    }
    return [...targets].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, target]) => target);
  }

  /**
   * Ports of Services that Pods of the label set stand behind. Only where nobody else than Pods of the Service's own
   * namespace does: they share a mode, so that each of them judges who reaches it this way.
   */
  *ownPorts(
    labelSet: string,
    isOf: (labelSet: string, namespace: string) => boolean,
  ): Generator<OwnServicePort> {
    for (const uid of this.byKey.get(`l ${labelSet}`) ?? []) {
      const { service, profiles } = this.itemByUid.get(uid)!;
      const { clusterIps, ports, namespace } = service;
      const isClosedCircle = profiles.every(
        (profile) => profile.address === null && isOf(profile.labelSet ?? '', namespace),
      );
      if (!isClosedCircle || clusterIps.length === 0) continue;
      for (const profile of profiles) {
        const port = ports[profile.portIndex];
        if (port === undefined || profile.labelSet !== labelSet) continue;
        yield { clusterIps, proto: port.proto, port: port.port, workload: profile.workload };
      }
    }
  }

  services(): Iterable<FrontedService> {
    return [...this.itemByUid.values()].map(({ service }) => service);
  }

  private *ends(key: string): Generator<ServiceEnd> {
    for (const uid of [...(this.byKey.get(key) ?? [])].sort()) {
      const { end } = this.itemByUid.get(uid)!;
      if (end !== null) yield end;
    }
  }

  private profile(uid: string, lookup: BackendLookup, labelSets: LabelSetLookup): void {
    const item = this.itemByUid.get(uid);
    if (item === undefined) return;
    const profiles = profilesOf(item.service, lookup, labelSets);
    const { type, clusterIps, ports } = item.service;
    const own = this.labelSets.get(uid) ?? null;
    const signature = JSON.stringify([type, clusterIps, ports, profiles, own]);
    if (signature === item.signature) return;
    this.unlinkProfiles(uid, item);
    item.profiles = profiles;
    item.end = own === null ? null : endOf(item.service, profiles, own);
    item.signature = signature;
    for (const key of keysOfItem(item)) {
      link(this.byKey, key, uid);
      this.touchGroups(key);
    }
  }

  private unlinkBackends({ uid, backends }: FrontedService): void {
    for (const { podUid, address } of backends) {
      if (podUid !== null) unlink(this.byPod, podUid, uid);
      unlink(this.byAddress, address, uid);
    }
  }

  private unlinkProfiles(uid: string, item: ServiceItem): void {
    for (const key of keysOfItem(item)) {
      unlink(this.byKey, key, uid);
      this.touchGroups(key);
    }
  }

  private touchGroups(key: string): void {
    if (key.startsWith('l ')) this.dirtyLabelSets.add(key.slice(2));
    for (const id of this.groupsByKey.get(key) ?? []) this.dirtyGroups.add(id);
    const address = addressOfKey(key);
    if (address === undefined) return;
    for (const [id, cidrs] of this.cidrs) if (cidrs.contains(address)) this.dirtyGroups.add(id);
  }

  private answer(group: Group): ServicePortBehind[] {
    const keys = [...keysOfGroup(group), ...this.addressesIn(this.cidrs.get(group.id))];
    const members = new Set(keys);
    const uids = new Set(keys.flatMap((key) => [...(this.byKey.get(key) ?? [])]));
    return [...uids].flatMap((uid) => {
      const { service, profiles } = this.itemByUid.get(uid)!;
      return portsWithin(service, profiles, members);
    });
  }

  private addressesIn(cidrs: CidrSet | undefined): string[] {
    if (cidrs === undefined) return [];
    return [...this.byKey.keys()].filter((key) => {
      const address = addressOfKey(key);
      return address !== undefined && cidrs.contains(address);
    });
  }
}

const keysOfItem = ({ profiles, end }: ServiceItem): string[] => [
  ...keysOfProfiles(profiles),
  ...(end === null ? [] : [`s ${end.labelSet}`]),
];

function link(map: Map<string, Set<string>>, key: string, value: string): void {
  const values = map.get(key);
  if (values === undefined) map.set(key, new Set([value]));
  else values.add(value);
}

function unlink(map: Map<string, Set<string>>, key: string, value: string): void {
  const values = map.get(key);
  if (values?.delete(value) && values.size === 0) map.delete(key);
}
