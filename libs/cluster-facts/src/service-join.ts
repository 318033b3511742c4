/** A Service and its endpoint slices as one, and the Service as a workload. */
import type { ServiceFacts, SliceFacts } from './projections.js';

export interface Backend {
  /** Into the Service's `ports`. */
  readonly portIndex: number;
  readonly targetPort: number;
  readonly podUid: string | null;
  readonly address: string;
}

/** So many fit into one message. Whoever may write slices can name more than there are addresses. */
const MOST_BACKENDS = 15_000;

/**
 * In one order, however the slices came. Of too many none is told: a ClusterIP opens for backends that are known, and a part
 * of them would stand for the rest.
 */
export function backendsOf(service: ServiceFacts, slices: readonly SliceFacts[]): Backend[] {
  const all = slices.reduce((sum, { ports, endpoints }) => sum + ports.length * endpoints.length, 0);
  if (all > MOST_BACKENDS) return [];
  const backends = slices.flatMap((slice) => backendsIn(service, slice));
  return backends
    .map((backend) => ({ backend, text: JSON.stringify(backend) }))
    .sort((a, b) => (a.text < b.text ? -1 : 1))
    .map(({ backend }) => backend);
}

function backendsIn(service: ServiceFacts, slice: SliceFacts): Backend[] {
  return slice.ports.flatMap(({ name, proto, port }) => {
    const portIndex = service.ports.findIndex(
      (declared) => declared.name === name && declared.proto === proto,
    );
    if (portIndex === -1) return [];
    return slice.endpoints.map(({ address, podUid }) => ({ portIndex, targetPort: port, podUid, address }));
  });
}

/** Undefined for what is shown as a virtual service instead. */
export function workloadOfService(service: ServiceFacts):
  | (Pick<ServiceFacts, 'resourceVersion' | 'name' | 'labels' | 'annotations' | 'namespace'> & {
      readonly kind: 'Service';
    })
  | undefined {
  if (service.type !== 'ClusterIP') return undefined;
  const { resourceVersion, name, labels, annotations, namespace } = service;
  return { resourceVersion, name, labels, annotations, kind: 'Service', namespace };
}
