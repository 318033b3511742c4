/** What is kept of an observed object: the domain state that events carry, and what orders its observations. */
import type {
  KubernetesWorkloadObserved,
  NamespaceObserved,
  NamespaceState,
  NodeObserved,
  ServiceObserved,
} from '@ringfence/contracts';
import { kubernetesWorkloadId } from '@ringfence/labels';
import { hashSecret } from '../admission/secret.js';
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

/** A namespace's pairing key is a secret; kubectl's copy of the manifest may hold anything. Neither gets into events, but the key's hash. */
const PAIRING_KEY = 'com.illumio.pairing_key';
const SECRET_ANNOTATIONS = [PAIRING_KEY, 'kubectl.kubernetes.io/last-applied-configuration'];
function withoutSecrets(annotations: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(annotations).filter(([key]) => !SECRET_ANNOTATIONS.includes(key)));
}

export function observedRowOf({ cluster, kind, payload }: ObjectObservation): ObservedRow {
  const { uid, resourceVersion, epoch, gone } = payload;
  const order = { cluster, kind, uid, resourceVersion, epoch, gone };
  switch (kind) {
    case 'namespace':
      return { ...order, key: payload.name, scope: kind, body: namespaceBody(cluster, payload) };
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

function namespaceBody(
  cluster: string,
  { uid, name, labels, annotations }: NamespaceObserved,
): NamespaceState {
  const { [PAIRING_KEY]: key } = annotations;
  return {
    ...{ cluster, uid, name, labels, annotations: withoutSecrets(annotations) },
    ...(key !== undefined && { pairingKey: hashSecret(key) }),
  };
}
