/**
 * Which Services open for whom: for each group, the ports of Services that have a backend in it. Kept by what backends
 * *are* (label set, workload, target port) and not by who they are, so that Pods may come and go behind a Service
 * without anything being looked at again. Who a backend is follows from its address: whoever may write slices names any
 * Pod beside any address. Only what is no Pod of ours (a node, a Pod on its node's network, an address
 * such as the API server's) is also known by its address, because IP lists speak of it.
 */
import type {
  Address,
  Endpoint,
  Group,
  GroupId,
  NodePortTarget,
  ServiceObserved,
} from '@ringfence/contracts';
import { CidrSet } from '@ringfence/policy-engine';
import type { ServicePortBehind } from '@ringfence/policy-engine';
import type { OwnServicePort } from './own-services.js';

export type FrontedService = Pick<
  ServiceObserved,
  'uid' | 'namespace' | 'name' | 'type' | 'labels' | 'clusterIps' | 'ports' | 'backends'
>;
/** `nobodys`: in a network of Pods, and not known whose; a Pod that comes or goes. */
export type BackendLookup = (address: string) => Endpoint | 'nobodys' | undefined;
/** Whether Pods of the label set judge who comes, by a policy in full. */
export type Judging = (labelSet: string) => boolean;

interface BackendProfile {
  readonly portIndex: number;
  /** null: nobody's that policy knows. */
  readonly labelSet: string | null;
  readonly workload: string | null;
  /** null: a Pod of ours. */
  readonly address: Address | null;
  readonly targetPort: number;
  readonly judges: boolean;
}
interface ServiceItem {
  service: FrontedService;
  profiles: readonly BackendProfile[];
  /** Text of everything that decides about openings. */
  signature: string;
}

export class ServiceBook {
  private readonly itemByUid = new Map<string, ServiceItem>();
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
    if (known === undefined) this.itemByUid.set(service.uid, { service, profiles: [], signature: '' });
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
  settle(lookup: BackendLookup, judging: Judging): { groups: GroupId[]; labelSets: string[] } {
    for (const uid of this.dirtyServices) this.profile(uid, lookup, judging);
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

  private profile(uid: string, lookup: BackendLookup, judging: Judging): void {
    const item = this.itemByUid.get(uid);
    if (item === undefined) return;
    const profiles = profilesOf(item.service, lookup, judging);
    const { type, clusterIps, ports } = item.service;
    const signature = JSON.stringify([type, clusterIps, ports, profiles]);
    if (signature === item.signature) return;
    this.unlinkProfiles(uid, item);
    item.profiles = profiles;
    item.signature = signature;
    for (const key of keysOfProfiles(profiles)) {
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

  private unlinkProfiles(uid: string, { profiles }: ServiceItem): void {
    for (const key of keysOfProfiles(profiles)) {
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
    return [...uids].flatMap((uid) => portsWithin(this.itemByUid.get(uid)!, members));
  }

  private addressesIn(cidrs: CidrSet | undefined): string[] {
    if (cidrs === undefined) return [];
    return [...this.byKey.keys()].filter((key) => {
      const address = addressOfKey(key);
      return address !== undefined && cidrs.contains(address);
    });
  }
}

const isExposed = ({ type }: FrontedService, { nodePort }: FrontedService['ports'][number]): boolean =>
  type === 'LoadBalancer' || nodePort !== null;

function profilesOf({ backends }: FrontedService, lookup: BackendLookup, judging: Judging): BackendProfile[] {
  const profiles = new Map<string, BackendProfile>();
  for (const { portIndex, address, targetPort } of backends) {
    const endpoint = lookup(address);
    if (endpoint === 'nobodys') continue;
    const isPod = endpoint?.class === 'pod';
    const profile: BackendProfile = {
      portIndex,
      labelSet: endpoint?.labelSet ?? null,
      workload: endpoint?.workload ?? null,
      address: isPod ? null : address,
      targetPort,
      judges: isPod && judging(endpoint.labelSet),
    };
    profiles.set(Object.values(profile).join(' '), profile);
  }
  return [...profiles].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, profile]) => profile);
}

/** As `servicePortsBehind`. */
function portsWithin({ service, profiles }: ServiceItem, members: ReadonlySet<string>): ServicePortBehind[] {
  const { clusterIps } = service;
  if (clusterIps.length === 0) return [];
  const isMeant = (profile: BackendProfile): boolean =>
    keysOfProfiles([profile]).some((key) => members.has(key));
  return service.ports.flatMap(({ proto, port }, portIndex) => {
    const behind = profiles.filter((profile) => profile.portIndex === portIndex);
    const within = behind.filter(isMeant);
    if (within.length === 0 || behind.some((profile) => !isMeant(profile) && !profile.judges)) return [];
    const targetPorts = distinctPorts(within);
    const unjudgedPorts = distinctPorts(within.filter(({ judges }) => !judges));
    return [{ clusterIps, proto, port, targetPorts, unjudgedPorts }];
  });
}

const distinctPorts = (profiles: readonly BackendProfile[]): number[] => [
  ...new Set(profiles.map(({ targetPort }) => targetPort)),
];

const keysOfGroup = (group: Group): string[] => [
  ...group.labelSets.map((id) => `l ${id}`),
  ...group.workloads.map((id) => `w ${id}`),
];

function keysOfProfiles(profiles: readonly BackendProfile[]): string[] {
  return profiles.flatMap(({ labelSet, workload, address }) => [
    ...(labelSet === null ? [] : [`l ${labelSet}`]),
    ...(workload === null ? [] : [`w ${workload}`]),
    ...(address === null ? [] : [`a ${address}`]),
  ]);
}

const addressOfKey = (key: string): Address | undefined => (key.startsWith('a ') ? key.slice(2) : undefined);

function link(map: Map<string, Set<string>>, key: string, value: string): void {
  const values = map.get(key);
  if (values === undefined) map.set(key, new Set([value]));
  else values.add(value);
}

function unlink(map: Map<string, Set<string>>, key: string, value: string): void {
  const values = map.get(key);
  if (values?.delete(value) && values.size === 0) map.delete(key);
}
