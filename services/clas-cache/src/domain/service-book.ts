/**
 * Which Services open for whom: for each group, the ports of Services that have a backend in it. Kept by what backends
 * *are* (label set, workload, target port) and not by who they are, so that Pods may come and go behind a Service
 * without anything being looked at again.
 */
import type { Endpoint, Group, GroupId, ServiceObserved } from '@ringfence/contracts';
import type { ServicePortBehind } from '@ringfence/policy-engine';

export type FrontedService = Pick<
  ServiceObserved,
  'uid' | 'namespace' | 'name' | 'labels' | 'clusterIps' | 'ports' | 'backends'
>;
export type BackendLookup = (podUid: string | null, address: string) => Endpoint | undefined;

interface BackendProfile {
  readonly portIndex: number;
  readonly labelSet: string;
  readonly workload: string | null;
  readonly targetPort: number;
}
interface ServiceItem {
  service: FrontedService;
  profiles: readonly BackendProfile[];
  /** Text of everything that decides about openings. */
  signature: string;
}

export class ServiceBook {
  readonly #services = new Map<string, ServiceItem>();
  readonly #byPod = new Map<string, Set<string>>();
  readonly #byKey = new Map<string, Set<string>>();
  readonly #groups = new Map<GroupId, Group>();
  readonly #groupsByKey = new Map<string, Set<GroupId>>();
  readonly #answers = new Map<GroupId, readonly ServicePortBehind[]>();
  readonly #dirtyServices = new Set<string>();
  readonly #dirtyGroups = new Set<GroupId>();

  setService(service: FrontedService): void {
    const known = this.#services.get(service.uid);
    if (known === undefined) this.#services.set(service.uid, { service, profiles: [], signature: '' });
    else {
      this.#unlinkPods(known.service);
      known.service = service;
    }
    for (const { podUid } of service.backends) if (podUid !== null) link(this.#byPod, podUid, service.uid);
    this.#dirtyServices.add(service.uid);
  }

  removeService(uid: string): void {
    const item = this.#services.get(uid);
    if (item === undefined) return;
    this.#unlinkPods(item.service);
    this.#unlinkProfiles(uid, item);
    this.#services.delete(uid);
    this.#dirtyServices.delete(uid);
  }

  /** The Pod came, went, or has another label set. */
  podChanged(uid: string): void {
    for (const service of this.#byPod.get(uid) ?? []) this.#dirtyServices.add(service);
  }

  setGroup(group: Group): void {
    this.removeGroup(group.id);
    this.#groups.set(group.id, group);
    for (const key of keysOfGroup(group)) link(this.#groupsByKey, key, group.id);
    this.#dirtyGroups.add(group.id);
  }

  removeGroup(id: GroupId): void {
    const group = this.#groups.get(id);
    if (group === undefined) return;
    for (const key of keysOfGroup(group)) unlink(this.#groupsByKey, key, id);
    this.#groups.delete(id);
    this.#answers.delete(id);
  }

  /** Takes in what changed; returns the groups whose openings may be others now. */
  settle(lookup: BackendLookup): GroupId[] {
    for (const uid of this.#dirtyServices) this.#profile(uid, lookup);
    this.#dirtyServices.clear();
    const changed = [...this.#dirtyGroups];
    for (const id of changed) this.#answers.delete(id);
    this.#dirtyGroups.clear();
    return changed;
  }

  portsBehind(id: GroupId): readonly ServicePortBehind[] {
    let answer = this.#answers.get(id);
    if (answer === undefined) {
      const group = this.#groups.get(id);
      this.#answers.set(id, (answer = group === undefined ? [] : this.#answer(group)));
    }
    return answer;
  }

  services(): Iterable<FrontedService> {
    return [...this.#services.values()].map(({ service }) => service);
  }

  #profile(uid: string, lookup: BackendLookup): void {
    const item = this.#services.get(uid);
    if (item === undefined) return;
    const profiles = profilesOf(item.service, lookup);
    const { clusterIps, ports } = item.service;
    const signature = JSON.stringify([clusterIps, ports, profiles]);
    if (signature === item.signature) return;
    this.#unlinkProfiles(uid, item);
    item.profiles = profiles;
    item.signature = signature;
    for (const key of keysOfProfiles(profiles)) {
      link(this.#byKey, key, uid);
      this.#touchGroups(key);
    }
  }

  #unlinkPods({ uid, backends }: FrontedService): void {
    for (const { podUid } of backends) if (podUid !== null) unlink(this.#byPod, podUid, uid);
  }

  #unlinkProfiles(uid: string, { profiles }: ServiceItem): void {
    for (const key of keysOfProfiles(profiles)) {
      unlink(this.#byKey, key, uid);
      this.#touchGroups(key);
    }
  }

  #touchGroups(key: string): void {
    for (const id of this.#groupsByKey.get(key) ?? []) this.#dirtyGroups.add(id);
  }

  #answer(group: Group): ServicePortBehind[] {
    const keys = keysOfGroup(group);
    const members = new Set(keys);
    const uids = new Set(keys.flatMap((key) => [...(this.#byKey.get(key) ?? [])]));
    return [...uids].flatMap((uid) => portsWithin(this.#services.get(uid)!, members));
  }
}

function profilesOf({ backends }: FrontedService, lookup: BackendLookup): BackendProfile[] {
  const profiles = new Map<string, BackendProfile>();
  for (const { portIndex, podUid, address, targetPort } of backends) {
    const endpoint = lookup(podUid, address);
    if (endpoint === undefined) continue;
    const { labelSet, workload } = endpoint;
    profiles.set(`${portIndex} ${labelSet} ${workload} ${targetPort}`, {
      portIndex,
      labelSet,
      workload,
      targetPort,
    });
  }
  return [...profiles].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, profile]) => profile);
}

function portsWithin({ service, profiles }: ServiceItem, members: ReadonlySet<string>): ServicePortBehind[] {
  if (service.clusterIps.length === 0) return [];
  return service.ports.flatMap(({ proto, port }, portIndex) => {
    const within = profiles.filter(
      (profile) =>
        profile.portIndex === portIndex && keysOfProfiles([profile]).some((key) => members.has(key)),
    );
    const targetPorts = [...new Set(within.map(({ targetPort }) => targetPort))];
    return targetPorts.length === 0 ? [] : [{ clusterIps: service.clusterIps, proto, port, targetPorts }];
  });
}

const keysOfGroup = (group: Group): string[] => [
  ...group.labelSets.map((id) => `l ${id}`),
  ...group.workloads.map((id) => `w ${id}`),
];

function keysOfProfiles(profiles: readonly BackendProfile[]): string[] {
  return profiles.flatMap(({ labelSet, workload }) =>
    workload === null ? [`l ${labelSet}`] : [`l ${labelSet}`, `w ${workload}`],
  );
}

function link(map: Map<string, Set<string>>, key: string, value: string): void {
  const values = map.get(key);
  if (values === undefined) map.set(key, new Set([value]));
  else values.add(value);
}

function unlink(map: Map<string, Set<string>>, key: string, value: string): void {
  const values = map.get(key);
  if (values?.delete(value) && values.size === 0) map.delete(key);
}
