/**
 * What the cluster's Services and endpoint slices mean for one node: per service port its addresses and its backends. Pure.
 * The rules (service-rules.renderer) and the names (dns/zone) are both made of it.
 */
import type { EndpointSlice, Service } from '../kube/kube-objects.js';

export interface Backend {
  address: string;
  port: number;
  isLocal: boolean;
}

export interface ServicePort {
  /** namespace/name:port, for comments and for ordering. */
  id: string;
  protocol: 'tcp' | 'udp';
  clusterAddress: string;
  port: number;
  nodePort: number | undefined;
  /** Calls from outside keep their source address and go to Pods of this node only. */
  isExternalLocal: boolean;
  isInternalLocal: boolean;
  backends: readonly Backend[];
}

const serviceNameLabel = 'kubernetes.io/service-name';

export const objectKey = (object: { metadata: { namespace?: string; name: string } }): string =>
  `${object.metadata.namespace ?? ''}/${object.metadata.name}`;

export const slicedServiceKey = (slice: EndpointSlice): string =>
  `${slice.metadata.namespace ?? ''}/${slice.metadata.labels?.[serviceNameLabel] ?? ''}`;

export function slicesByService(slices: Iterable<EndpointSlice>): Map<string, EndpointSlice[]> {
  const byService = new Map<string, EndpointSlice[]>();
  for (const slice of slices) {
    if (slice.addressType !== undefined && slice.addressType !== 'IPv4') continue;
    const key = slicedServiceKey(slice);
    byService.set(key, [...(byService.get(key) ?? []), slice]);
  }
  return byService;
}

export function serviceTable(services: Iterable<Service>, slices: Iterable<EndpointSlice>, nodeName: string): ServicePort[] {
  const byService = slicesByService(slices);
  const table: ServicePort[] = [];
  for (const service of services) {
    const clusterAddress = service.spec.clusterIP ?? '';
    if (clusterAddress === '' || clusterAddress === 'None') continue;
    const own = byService.get(objectKey(service)) ?? [];
    for (const port of service.spec.ports ?? []) {
      const protocol = (port.protocol ?? 'TCP').toLowerCase();
      if (protocol !== 'tcp' && protocol !== 'udp') continue;
      table.push({
        id: `${objectKey(service)}:${port.port}/${protocol}`,
        protocol,
        clusterAddress,
        port: port.port,
        nodePort: port.nodePort === 0 ? undefined : port.nodePort,
        isExternalLocal: service.spec.externalTrafficPolicy === 'Local',
        isInternalLocal: service.spec.internalTrafficPolicy === 'Local',
        backends: backendsOf(own, port.name ?? '', nodeName),
      });
    }
  }
  return table.sort((left, right) => (left.id < right.id ? -1 : 1));
}

/** Ready endpoints; if there is none, those that still serve while they end, as kube-proxy does. */
function backendsOf(slices: readonly EndpointSlice[], portName: string, nodeName: string): Backend[] {
  const ready = new Map<string, Backend>();
  const ending = new Map<string, Backend>();
  for (const slice of slices) {
    const port = slice.ports?.find((candidate) => (candidate.name ?? '') === portName)?.port;
    if (port === undefined) continue;
    for (const { addresses, conditions, nodeName: home } of slice.endpoints ?? []) {
      const address = addresses[0];
      if (address === undefined) continue;
      const backend = { address, port, isLocal: home === nodeName };
      if (conditions?.ready !== false) ready.set(`${address}:${port}`, backend);
      else if (conditions.serving === true && conditions.terminating === true) ending.set(`${address}:${port}`, backend);
    }
  }
  const chosen = ready.size > 0 ? ready : ending;
  return [...chosen].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, backend]) => backend);
}
