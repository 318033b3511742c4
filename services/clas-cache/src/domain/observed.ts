/** What is seen of the cluster → the graph, by kind. Absence is deletion: what is gone, and what a whole list does not have. */
import type {
  KubernetesWorkloadObserved,
  ListCompleted,
  NodeObserved,
  PodObserved,
  ServiceObserved,
} from '@ringfence/contracts';
import type { ClusterGraph } from './cluster-graph.js';
import type { PodFacts } from './pod-endpoints.calculator.js';

export interface Observed {
  readonly node: NodeObserved;
  readonly workload: KubernetesWorkloadObserved;
  readonly pod: PodObserved;
  readonly service: ServiceObserved;
  readonly list: Pick<ListCompleted, 'kind' | 'epoch'>;
}
type Takers = { readonly [K in keyof Observed]: (graph: ClusterGraph, observed: Observed[K]) => void };

const TAKERS: Takers = {
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
  list: (graph, { kind, epoch }) => {
    if (kind === 'node') graph.view.nodes.completeNodes(epoch).forEach((name) => graph.nodeGone(name));
    else if (kind === 'workload') graph.view.pods.completeWorkloads(epoch);
    else if (kind === 'pod') graph.view.pods.completePods(epoch);
    else if (kind === 'service') graph.view.completeServices(epoch);
    graph.sync.listed.add(kind);
  },
};

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
  const { probePorts, readinessGates, observedAt } = pod;
  return {
    ...{ uid, namespace, name, node, hostNetwork, phase, addresses, owner, annotations },
    ...{ probePorts, readinessGates, observedAt },
  };
}
