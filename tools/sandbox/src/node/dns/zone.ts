/**
 * The names of a cluster, made of its Services and endpoint slices: service addresses, the Pods behind headless Services, and
 * single Pods by their host name. Pure. Anything else does not exist: the sandbox has no other name server to ask.
 */
import type { EndpointSlice, Service } from '../kube/kube-objects.js';
import { objectKey, slicesByService } from '../services/service-table.js';
import { type Answer, recordTypes } from './dns-message.js';

export interface Zone {
  /** Full name to addresses. */
  addresses: Readonly<Record<string, readonly string[]>>;
  /** Full name (_port._protocol.service…) to where it is. */
  services: Readonly<Record<string, readonly { port: number; target: string }[]>>;
}

export type Lookup = { exists: false } | { exists: true; answers: readonly Answer[] };

export const clusterDomain = 'cluster.local';

export function buildZone(services: Iterable<Service>, slices: Iterable<EndpointSlice>): Zone {
  const addresses: Record<string, string[]> = {};
  const located: Record<string, { port: number; target: string }[]> = {};
  const byService = slicesByService(slices);
  for (const service of services) {
    const name = `${service.metadata.name}.${service.metadata.namespace ?? ''}.svc.${clusterDomain}`;
    const clusterAddress = service.spec.clusterIP ?? '';
    if (clusterAddress === 'None') addHeadless(addresses, name, byService.get(objectKey(service)) ?? []);
    else if (clusterAddress !== '') addresses[name] = [clusterAddress];
    for (const [portName, place] of namedPorts(service, name)) located[portName] = [place];
  }
  return { addresses, services: located };
}

function namedPorts(service: Service, serviceName: string): [string, { port: number; target: string }][] {
  return (service.spec.ports ?? []).flatMap(({ name, protocol = 'TCP', port }) =>
    name === undefined
      ? []
      : [[`_${name}._${protocol.toLowerCase()}.${serviceName}`, { port, target: serviceName }]],
  );
}

function addHeadless(
  addresses: Record<string, string[]>,
  name: string,
  slices: readonly EndpointSlice[],
): void {
  const all: string[] = [];
  for (const endpoint of slices.flatMap((slice) => slice.endpoints ?? [])) {
    const address = endpoint.addresses[0];
    if (address === undefined || endpoint.conditions?.ready === false || all.includes(address)) continue;
    all.push(address);
    if (endpoint.hostname !== undefined && endpoint.hostname !== '')
      addresses[`${endpoint.hostname}.${name}`] = [address];
  }
  // A headless Service without ready Pods has no name, as with CoreDNS.
  if (all.length > 0) addresses[name] = all.sort();
}

export function lookup(zone: Zone, name: string, type: number): Lookup {
  const located = zone.services[name];
  if (located !== undefined) {
    return {
      exists: true,
      answers: type === recordTypes.srv ? located.map((place) => ({ type: 'srv', ...place })) : [],
    };
  }
  const addresses = zone.addresses[name] ?? podAddress(name);
  if (addresses === undefined) return { exists: false };
  return {
    exists: true,
    answers: type === recordTypes.a ? addresses.map((address) => ({ type: 'a', address })) : [],
  };
}

/** 10-244-1-5.namespace.pod.cluster.local names an address, whether or not there is such a Pod. */
function podAddress(name: string): string[] | undefined {
  const match = /^(\d{1,3})-(\d{1,3})-(\d{1,3})-(\d{1,3})\.[^.]+\.pod\.cluster\.local$/.exec(name);
  const parts = match?.slice(1, 5);
  return parts?.every((part) => Number(part) <= 255) === true ? [parts.map(Number).join('.')] : undefined;
}
