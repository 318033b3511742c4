/**
 * What an edge saw, not what it means. Kubelink → cluster NATS → clas-cache → control NATS.
 * A deletion is an observation with `gone: true`. `list` markers bracket a full list, so that what vanished
 * meanwhile is swept: everything of that kind with an older epoch is gone.
 * A later epoch is greater as text.
 */
import { z } from 'zod';
import { Address, Port, Protocol } from './network.js';
import { Instant } from './ids.js';
import { NetworkPolicyForm } from './network-policies.js';
import { Text } from './text.js';

const observed = {
  uid: Text.min(1).max(253),
  resourceVersion: Text.max(64),
  epoch: Text.max(128),
  gone: z.boolean().default(false),
  /** When the API server's event reached the observer. Convergence is measured from here. */
  observedAt: Instant,
};
/** Kubernetes itself bounds all annotations of an object to 256 KiB. */
const stringMap = z.record(Text.max(512), Text.max(262_144));

export const NamespaceObserved = z.object({
  ...observed,
  name: Text,
  labels: stringMap,
  annotations: stringMap,
});
export type NamespaceObserved = z.infer<typeof NamespaceObserved>;

export const NodeObserved = z.object({
  ...observed,
  name: Text,
  machineId: Text,
  labels: stringMap,
  addresses: z.array(Address),
  podCidrs: z.array(Text),
  containerRuntime: Text,
});
export type NodeObserved = z.infer<typeof NodeObserved>;

/** What the cluster's label map says of a workload: one for each label type at most. */
export const MappedLabel = z.object({
  /** Label type. */
  key: Text.min(1).max(64),
  value: Text.min(1).max(255),
  /** The Kubernetes label that says so. */
  from: Text.max(320),
  /** The map asks for the label to be made where there is none. */
  allowCreate: z.boolean(),
  /** Of a Service: all behind it say so, and what is refused is told there. */
  followed: z.boolean().optional(),
});
export type MappedLabel = z.infer<typeof MappedLabel>;
/** There are at most 20 label types; absent: the map says nothing. */
export const MappedLabels = z.array(MappedLabel).max(20).optional();

/** The topmost owner of Pods, or a ClusterIP Service (kind `Service`). `annotations` are those that labels are read from. */
export const KubernetesWorkloadObserved = z.object({
  ...observed,
  kind: Text,
  namespace: Text,
  name: Text,
  labels: stringMap,
  annotations: stringMap,
  mapped: MappedLabels,
});
export type KubernetesWorkloadObserved = z.infer<typeof KubernetesWorkloadObserved>;

export const ProbePort = z.object({ proto: Protocol, port: Port });

export const PodObserved = z.object({
  ...observed,
  namespace: Text,
  name: Text,
  node: Text.nullable(),
  hostNetwork: z.boolean(),
  phase: Text,
  addresses: z.array(Address),
  /** Topmost owner; a bare Pod is its own owner. */
  owner: z.object({ uid: Text, kind: Text, name: Text }),
  labels: stringMap,
  annotations: stringMap,
  namedPorts: z.array(z.object({ name: Text, proto: Protocol, port: Port })),
  probePorts: z.array(ProbePort),
  /** Readiness gates of ours that the Pod declares. */
  readinessGates: z.array(Text),
});
export type PodObserved = z.infer<typeof PodObserved>;

export const ServicePort = z.object({
  name: Text,
  proto: Protocol,
  port: Port,
  nodePort: Port.nullable(),
  /** As the Service says it by number; null: by a name, which its Pods know. */
  targetPort: Port.nullable().optional(),
});
/** A Service together with its endpoint slices: `backends` are per service port (an index into `ports`). */
export const ServiceObserved = z.object({
  ...observed,
  namespace: Text,
  name: Text,
  type: z.enum(['ClusterIP', 'NodePort', 'LoadBalancer', 'ExternalName']),
  labels: stringMap,
  annotations: stringMap,
  clusterIps: z.array(Address),
  externalTrafficPolicy: z.enum(['Cluster', 'Local']).nullable(),
  ports: z.array(ServicePort),
  backends: z.array(
    z.object({
      portIndex: z.number().int(),
      targetPort: Port,
      podUid: Text.nullable(),
      address: Address,
    }),
  ),
});
export type ServiceObserved = z.infer<typeof ServiceObserved>;

/** Told only where Kubelink imports them; an empty list where it does not. */
export const NetworkPolicyObserved = NetworkPolicyForm.extend(observed);
export type NetworkPolicyObserved = z.infer<typeof NetworkPolicyObserved>;

/**
 * What Kubelink lacks to be in sync (`api_server_away`, `not_listed`, `not_followed`, `not_told`), or does without (`not_permitted`).
 * `detail` is a server's own words, and may name addresses and accounts.
 */
export const KubelinkLack = z.object({
  token: Text.max(64),
  message: Text.max(512),
  detail: Text.max(2_048),
});
export type KubelinkLack = z.infer<typeof KubelinkLack>;

/** Cluster-wide facts of Kubelink itself; also its heartbeat. */
export const ClusterObserved = z.object({
  ...observed,
  kubernetesVersion: Text,
  kubelinkVersion: Text,
  /** False while any kind that it may read is not listed, told and followed. */
  inSync: z.boolean(),
  lacks: z.array(KubelinkLack).max(64).optional(),
});
export type ClusterObserved = z.infer<typeof ClusterObserved>;

/** End of one full list of a kind. */
export const ListCompleted = z.object({
  kind: Text,
  epoch: Text,
  count: z.number().int(),
  observedAt: Instant,
  /** Part of what there is may not be seen: nothing is gone because the list does not have it. */
  isPartial: z.boolean().optional(),
});
export type ListCompleted = z.infer<typeof ListCompleted>;

/** Kind segment of the subject → schema of the payload. */
export const OBSERVATIONS = {
  namespace: NamespaceObserved,
  node: NodeObserved,
  workload: KubernetesWorkloadObserved,
  pod: PodObserved,
  service: ServiceObserved,
  networkpolicy: NetworkPolicyObserved,
  cluster: ClusterObserved,
  list: ListCompleted,
} as const;
export type ObservationKind = keyof typeof OBSERVATIONS;
