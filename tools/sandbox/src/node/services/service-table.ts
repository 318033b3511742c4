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

const slicedServiceKey = (slice: EndpointSlice): string =>
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

export function serviceTable(
  services: Iterable<Service>,
  slices: Iterable<EndpointSlice>,
  nodeName: string,
): ServicePort[] {
  const byService = slicesByService(slices);
  const table: ServicePort[] = [];
  for (const service of services) {
    const own = byService.get(objectKey(service)) ?? [];
    if (['', 'None'].includes(service.spec.clusterIP ?? '')) continue;
    for (const port of service.spec.ports ?? []) table.push(...servicePort(service, port, own, nodeName));
  }
  return table.sort((left, right) => (left.id < right.id ? -1 : 1));
}

type DeclaredPort = NonNullable<Service['spec']['ports']>[number];

/** Nothing for protocols that the sandbox does not translate. */
function servicePort(
  { metadata, spec }: Service,
  { name = '', protocol: declared = 'TCP', port, nodePort }: DeclaredPort,
  slices: readonly EndpointSlice[],
  nodeName: string,
): ServicePort[] {
  const protocol = declared.toLowerCase();
  if (protocol !== 'tcp' && protocol !== 'udp') return [];
  return [
    {
      id: `${objectKey({ metadata })}:${port}/${protocol}`,
      protocol,
      clusterAddress: spec.clusterIP ?? '',
      port,
      nodePort: nodePort === 0 ? undefined : nodePort,
      isExternalLocal: spec.externalTrafficPolicy === 'Local',
      isInternalLocal: spec.internalTrafficPolicy === 'Local',
      backends: backendsOf(slices, name, nodeName),
    },
  ];
}

/** Ready endpoints; if there is none, those that still serve while they end, as kube-proxy does. */
function backendsOf(slices: readonly EndpointSlice[], portName: string, nodeName: string): Backend[] {
  const candidates = slices.flatMap((slice) => {
    const port = slice.ports?.find((candidate) => (candidate.name ?? '') === portName)?.port;
    return port === undefined ? [] : (slice.endpoints ?? []).map((endpoint) => ({ endpoint, port }));
  });
  const ready = candidates.filter(({ endpoint }) => endpoint.conditions?.ready !== false);
  const ending = candidates.filter(
    ({ endpoint: { conditions } }) => conditions?.serving === true && conditions.terminating === true,
  );
  const backends = new Map<string, Backend>();
  for (const { endpoint, port } of ready.length > 0 ? ready : ending) {
    const address = endpoint.addresses[0];
    if (address === undefined) continue;
    backends.set(`${address}:${port}`, { address, port, isLocal: endpoint.nodeName === nodeName });
  }
  return [...backends].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, backend]) => backend);
}
