/**
 * What Kubelink and clas-cache itself said → the store. A payload that cannot be read is counted and left out: the store must not
 * stop at one object, and absence is the closed answer.
 */
import {
  ClusterObserved,
  KubernetesWorkloadObserved,
  ListCompleted,
  NamespaceObserved,
  NodeObserved,
  PodObserved,
  PodReadiness,
  ServiceObserved,
} from '@ringfence/contracts';
import type { ActorStore } from '../domain/actor-store.js';
import { read } from './payload.js';
import type { PodFacts } from '../domain/pod-endpoints.calculator.js';

type Taker = (store: ActorStore, subject: string, payload: unknown) => void;

const TAKERS: Readonly<Record<string, Taker>> = {
  namespace: (_store, subject, payload) => void read(NamespaceObserved, subject, payload),
  node: takeNode,
  workload: takeWorkload,
  pod: takePod,
  service: takeService,
  list: takeList,
  cluster: (store, subject, payload) =>
    store.kubelinkHeard(read(ClusterObserved, subject, payload).observedAt, Date.now()),
};

/** Throws PermanentError for what cannot be read. */
export function takeObservation(store: ActorStore, subject: string, payload: unknown): void {
  if (payload === null) return;
  TAKERS[subject.split('.')[2] ?? '']?.(store, subject, payload);
}

function takeNode(store: ActorStore, subject: string, payload: unknown): void {
  const { uid, epoch, gone, ...node } = read(NodeObserved, subject, payload);
  const { name, machineId, labels, addresses, podCidrs } = node;
  if (!gone) return store.view.nodes.setNode(uid, epoch, { name, machineId, labels, addresses, podCidrs });
  store.view.nodes.removeNode(uid);
  store.nodeGone(name);
}

function takeWorkload(store: ActorStore, subject: string, payload: unknown): void {
  const observed = read(KubernetesWorkloadObserved, subject, payload);
  const { uid, epoch, gone, kind, namespace, name, annotations } = observed;
  if (gone) store.view.pods.removeWorkload(uid);
  else store.view.pods.setWorkload({ uid, kind, namespace, name, annotations }, epoch);
}

function takePod(store: ActorStore, subject: string, payload: unknown): void {
  const { epoch, gone, ...pod } = read(PodObserved, subject, payload);
  if (gone) store.podGone(pod.uid);
  else store.view.pods.setPod(factsOf(pod), epoch);
}

/** Thousands of them are kept: only what is needed. */
export function factsOf(pod: Omit<PodObserved, 'epoch' | 'gone'>): PodFacts {
  const { uid, namespace, name, node, hostNetwork, phase, addresses, owner, annotations } = pod;
  const { probePorts, readinessGates, observedAt } = pod;
  return {
    uid,
    namespace,
    name,
    node,
    hostNetwork,
    phase,
    addresses,
    owner,
    annotations,
    probePorts,
    readinessGates,
    observedAt,
  };
}

function takeService(store: ActorStore, subject: string, payload: unknown): void {
  const service = read(ServiceObserved, subject, payload);
  if (service.gone) store.view.removeService(service.uid);
  else store.view.setService(service);
  store.servicesTouched();
}

function takeList(store: ActorStore, subject: string, payload: unknown): void {
  const { kind, epoch } = read(ListCompleted, subject, payload);
  const complete: Readonly<Record<string, () => void>> = {
    node: () => store.view.nodes.completeNodes(epoch).forEach((name) => store.nodeGone(name)),
    workload: () => store.view.pods.completeWorkloads(epoch),
    pod: () => store.view.pods.completePods(epoch),
    service: () => {
      store.view.completeServices(epoch);
      store.servicesTouched();
    },
  };
  complete[kind]?.();
  store.listed.add(kind);
}

export function takeToldReadiness(store: ActorStore, subject: string, payload: unknown): void {
  if (payload !== null) store.readiness.restore(read(PodReadiness, subject, payload));
}
