/** What is kept of an observed object: the domain state that events carry, and what orders its observations. */
import type {
  KubernetesWorkloadObserved,
  NamespaceObserved,
  NodeObserved,
  ServiceObserved,
} from '@ringfence/contracts';
import { kubernetesWorkloadId } from '@ringfence/labels';
import type { ObservedRow } from './observed.store.js';

export type ObjectObservation =
  | { readonly cluster: string; readonly kind: 'namespace'; readonly payload: NamespaceObserved }
  | { readonly cluster: string; readonly kind: 'node'; readonly payload: NodeObserved }
  | { readonly cluster: string; readonly kind: 'workload'; readonly payload: KubernetesWorkloadObserved }
  | { readonly cluster: string; readonly kind: 'service'; readonly payload: ServiceObserved };

const OBJECT_KINDS = ['namespace', 'node', 'workload', 'service'];
export function isObject(observation: {
  readonly cluster: string;
  readonly kind: string;
  readonly payload: unknown;
}): observation is ObjectObservation {
  return OBJECT_KINDS.includes(observation.kind);
}

/** A namespace's pairing key is a secret; kubectl's copy of the manifest may hold anything. Neither gets into events. */
const SECRET_ANNOTATIONS = ['com.illumio.pairing_key', 'kubectl.kubernetes.io/last-applied-configuration'];
function withoutSecrets(annotations: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(annotations).filter(([key]) => !SECRET_ANNOTATIONS.includes(key)));
}

export function observedRowOf({ cluster, kind, payload }: ObjectObservation): ObservedRow {
  const { uid, resourceVersion, epoch, gone } = payload;
  const order = { cluster, kind, uid, resourceVersion, epoch, gone };
  switch (kind) {
    case 'namespace': {
      const { name, labels, annotations } = payload;
      return {
        ...order,
        key: name,
        scope: kind,
        body: { cluster, uid, name, labels, annotations: withoutSecrets(annotations) },
      };
    }
    case 'node': {
      const { name, machineId, addresses, podCidrs, containerRuntime } = payload;
      return {
        ...order,
        key: name,
        scope: kind,
        body: { name, machineId, addresses, podCidrs, containerRuntime },
      };
    }
    case 'workload': {
      const { kind: workloadKind, namespace, name, labels, annotations, mapped } = payload;
      const id = kubernetesWorkloadId(cluster, uid);
      const body = {
        id,
        cluster,
        uid,
        kind: workloadKind,
        namespace,
        name,
        labels,
        annotations: withoutSecrets(annotations),
        ...(mapped && { mapped }),
      };
      return { ...order, key: uid, scope: `workload/${workloadKind}`, body };
    }
    case 'service': {
      const { namespace, name, type, clusterIps, ports, externalTrafficPolicy } = payload;
      return {
        ...order,
        key: uid,
        scope: kind,
        body: { namespace, name, type, clusterIps, ports, externalTrafficPolicy },
      };
    }
  }
}
