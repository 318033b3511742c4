/** What is seen of the cluster → the graph, by kind. Absence is deletion: what is gone, and what a whole list does not have. */
import type {
  KubernetesWorkloadObserved,
  ListCompleted,
  NamespaceObserved,
  NetworkPolicyObserved,
  NodeObserved,
  PodObserved,
  ServiceObserved,
} from '@ringfence/contracts';
import type { ClusterGraph } from './cluster-graph.js';
import type { PodFacts } from './pod-endpoints.calculator.js';

export interface Observed {
  readonly namespace: NamespaceObserved;
  readonly networkpolicy: NetworkPolicyObserved;
  readonly node: NodeObserved;
  readonly workload: KubernetesWorkloadObserved;
  readonly pod: PodObserved;
  readonly service: ServiceObserved;
  readonly list: Pick<ListCompleted, 'kind' | 'epoch' | 'isPartial'>;
}
type Takers = { readonly [K in keyof Observed]: (graph: ClusterGraph, observed: Observed[K]) => void };

const TAKERS: Takers = {
  namespace: ({ view }, { uid, epoch, gone, name, labels }) => {
    if (gone) view.policies.traits.removeNamespace(uid);
    else view.policies.traits.setNamespace(uid, epoch, { name, labels });
  },
  networkpolicy: ({ view }, { uid, epoch, gone, resourceVersion: _, observedAt: __, ...form }) => {
    if (gone) view.policies.traits.removePolicy(uid);
    else view.policies.traits.setPolicy(uid, epoch, form);
  },
  node: (graph, { uid, epoch, gone, name, machineId, labels, addresses, podCidrs }) => {
    if (!gone) return graph.view.nodes.setNode(uid, epoch, { name, machineId, labels, addresses, podCidrs });
    graph.view.nodes.removeNode(uid);
    graph.nodeGone(name);
  },
  workload: ({ view }, { uid, epoch, gone, kind, namespace, name, annotations, mapped }) => {
    if (gone) view.pods.removeWorkload(uid);
    else view.pods.setWorkload({ uid, kind, namespace, name, annotations, mapped }, epoch);
  },
  pod: ({ view }, pod) => {
    if (pod.gone) view.pods.removePod(pod.uid);
    else view.pods.setPod(factsOf(pod), pod.epoch);
  },
  service: ({ view }, service) => {
    if (service.gone) view.removeService(service.uid);
    else view.setService(service);
  },
  list: (graph, { kind, epoch, isPartial }) => {
    if (isPartial !== true) sweep(graph, kind, epoch);
    graph.sync.listed.add(kind);
  },
};

function sweep(graph: ClusterGraph, kind: string, epoch: string): void {
  if (kind === 'node') graph.view.nodes.completeNodes(epoch).forEach((name) => graph.nodeGone(name));
  else if (kind === 'workload') graph.view.pods.completeWorkloads(epoch);
  else if (kind === 'pod') graph.view.pods.completePods(epoch);
  else if (kind === 'service') graph.view.completeServices(epoch);
  else if (kind === 'namespace') graph.view.policies.traits.completeNamespaces(epoch);
  else if (kind === 'networkpolicy') graph.view.policies.traits.completePolicies(epoch);
}

export function takeObserved<K extends keyof Observed>(
  graph: ClusterGraph,
  kind: K,
  observed: Observed[K],
): void {
  TAKERS[kind](graph, observed);
}

/** Thousands of them are kept: only what is needed. */
export function factsOf(pod: Omit<PodObserved, 'epoch' | 'gone'>): PodFacts {
  const { uid, namespace, name, node, hostNetwork, phase, addresses, owner, annotations } = pod;
  const { probePorts, readinessGates, observedAt, labels, namedPorts } = pod;
  return {
    ...{ uid, namespace, name, node, hostNetwork, phase, addresses, owner, annotations },
    ...{ probePorts, readinessGates, observedAt, labels, namedPorts },
  };
}
