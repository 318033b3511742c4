/**
 * What is behind a Service, by what backends *are* and not by who they are, and what that opens for whom. For service-book.ts, which
 * keeps it.
 */
import type { Address, Endpoint, Group, LabelSetId, ServiceObserved } from '@ringfence/contracts';
import { serviceEndOf } from '@ringfence/policy-engine';
import type { ServiceEnd, ServicePortBehind } from '@ringfence/policy-engine';

export type FrontedService = Pick<
  ServiceObserved,
  'uid' | 'namespace' | 'name' | 'type' | 'labels' | 'clusterIps' | 'ports' | 'backends'
>;
/** `nobodys`: in a network of Pods, and not known whose; a Pod that comes or goes. */
export type BackendLookup = (address: string) => Endpoint | 'nobodys' | undefined;
/** What is asked about label sets of Pods. */
export interface LabelSetLookup {
  /** Whether its Pods judge who comes, by a policy in full. */
  judges(labelSet: LabelSetId): boolean;
  /** null: nobody has it. */
  namespaceOf(labelSet: LabelSetId): string | null;
}

export interface BackendProfile {
  readonly portIndex: number;
  /** null: nobody's that policy knows. */
  readonly labelSet: string | null;
  readonly workload: string | null;
  /** null: a Pod of ours. */
  readonly address: Address | null;
  readonly targetPort: number;
  readonly judges: boolean;
  /** A Pod of the Service's own namespace. */
  readonly isOwn: boolean;
}
export const isExposed = ({ type }: FrontedService, { nodePort }: FrontedService['ports'][number]): boolean =>
  type === 'LoadBalancer' || nodePort !== null;

export function profilesOf(
  { namespace, backends }: FrontedService,
  lookup: BackendLookup,
  labelSets: LabelSetLookup,
): BackendProfile[] {
  const profiles = new Map<string, BackendProfile>();
  for (const backend of backends) {
    const endpoint = lookup(backend.address);
    if (endpoint === 'nobodys') continue;
    const profile = { ...placeOf(backend), ...whoIs(endpoint, backend.address, labelSets, namespace) };
    profiles.set(Object.values(profile).join(' '), profile);
  }
  return [...profiles].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, profile]) => profile);
}

type Backend = FrontedService['backends'][number];
const placeOf = ({ portIndex, targetPort }: Backend): Pick<BackendProfile, 'portIndex' | 'targetPort'> => ({
  portIndex,
  targetPort,
});

/** `namespace`: of the Service. */
function whoIs(
  endpoint: Endpoint | undefined,
  address: Address,
  { judges, namespaceOf }: LabelSetLookup,
  namespace: string,
): Omit<BackendProfile, 'portIndex' | 'targetPort'> {
  if (endpoint === undefined) return { labelSet: null, workload: null, address, judges: false, isOwn: false };
  const { labelSet, workload } = endpoint;
  if (endpoint.class !== 'pod') return { labelSet, workload, address, judges: false, isOwn: false };
  const isOwn = namespaceOf(labelSet) === namespace;
  return { labelSet, workload, address: null, judges: judges(labelSet), isOwn };
}

/** As `servicePortsBehind`. */
export function portsWithin(
  service: FrontedService,
  profiles: readonly BackendProfile[],
  members: ReadonlySet<string>,
): ServicePortBehind[] {
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

export const keysOfGroup = (group: Group): string[] => [
  ...group.labelSets.map((id) => `l ${id}`),
  ...group.workloads.map((id) => `w ${id}`),
  ...(group.behindServices ?? []).map((id) => `s ${id}`),
];

export function keysOfProfiles(profiles: readonly BackendProfile[]): string[] {
  return profiles.flatMap(({ labelSet, workload, address }) => [
    ...(labelSet === null ? [] : [`l ${labelSet}`]),
    ...(workload === null ? [] : [`w ${workload}`]),
    ...(address === null ? [] : [`a ${address}`]),
  ]);
}

export const addressOfKey = (key: string): Address | undefined =>
  key.startsWith('a ') ? key.slice(2) : undefined;

/** By its labels; `labelSet`: of the Service itself. */
export function endOf(
  { namespace, clusterIps, ports }: FrontedService,
  profiles: readonly BackendProfile[],
  labelSet: LabelSetId,
): ServiceEnd {
  // Who they are has been found out: each profile stands for an address of its own.
  const backends = profiles.map(({ portIndex, targetPort }, i) => ({
    portIndex,
    targetPort,
    address: `${i}`,
  }));
  return serviceEndOf({ namespace, clusterIps, ports, backends }, labelSet, (index) => {
    const profile = profiles[Number(index)]!;
    return { ...profile, namespace: profile.isOwn ? namespace : null };
  });
}
