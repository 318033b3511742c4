/**
 * Names and Services of the cluster at one moment, as its name server would answer and its nodes would translate. Pure.
 */
import { buildZone, clusterDomain, lookup, recordTypes, serviceTable } from '@ringfence/sandbox';
import type { EndpointSlice, Pod, Service, ServicePort, Zone } from '@ringfence/sandbox';
import { TCP, UDP } from './judge.js';
import type { Place } from './judge.js';

const PROTOCOLS: Readonly<Record<number, string>> = { [TCP]: 'tcp', [UDP]: 'udp' };
/** With fewer dots than this a name is first looked for in the Pod's own domains, as Kubernetes configures it. */
const NDOTS = 5;

export class ClusterNetwork {
  private readonly zone: Zone;
  private readonly services: ReadonlyMap<string, ServicePort>;
  /** Address of the cluster's name server, if it has one. */
  readonly nameServer: string | undefined;

  constructor(services: readonly Service[], slices: readonly EndpointSlice[]) {
    this.zone = buildZone(services, slices);
    const table = serviceTable(services, slices, '');
    this.services = new Map(
      table.map((entry) => [key(entry.protocol, entry.clusterAddress, entry.port), entry]),
    );
    this.nameServer = table.find(({ id }) => id.startsWith('kube-system/kube-dns:'))?.clusterAddress;
  }

  /** What the cluster's name server says of the name, for a Pod of the namespace; empty: there is no such name. */
  resolve(namespace: string, host: string): readonly string[] {
    const searched = [`${namespace}.svc.${clusterDomain}`, `svc.${clusterDomain}`, clusterDomain].map(
      (domain) => `${host}.${domain}`,
    );
    const candidates = host.split('.').length > NDOTS ? [host, ...searched] : [...searched, host];
    for (const candidate of candidates) {
      const found = lookup(this.zone, candidate, recordTypes.a);
      const addresses = found.exists
        ? found.answers.flatMap((answer) => (answer.type === 'a' ? [answer.address] : []))
        : [];
      if (addresses.length > 0) return addresses;
    }
    return [];
  }

  /** The backend that is next in turn; the place itself where no Service has that address and port; null: nobody behind it. */
  translate(proto: number, place: Place, turn: number): Place | null {
    const service = this.services.get(key(PROTOCOLS[proto] ?? '', place.address, place.port));
    if (service === undefined) return place;
    const backend = service.backends[turn % Math.max(service.backends.length, 1)];
    return backend === undefined ? null : { address: backend.address, port: backend.port };
  }
}

export function usesClusterNames(pod: Pod): boolean {
  const { dnsPolicy = 'ClusterFirst', hostNetwork = false } = pod.spec;
  return dnsPolicy === 'ClusterFirstWithHostNet' || (dnsPolicy === 'ClusterFirst' && !hostNetwork);
}

const key = (protocol: string, address: string, port: number): string => `${protocol} ${address} ${port}`;
