/**
 * What a restart needs while the control plane is away: the policy in force and its settings (the control plane's), and
 * the objects of the cluster (which the cluster's own stream keeps for a while only).
 */
import { NO_FACTS } from '@ringfence/contracts';
import type {
  Endpoint,
  FactPositions,
  Group,
  LabelCatalogue,
  NodeSettings,
  ProfileSettings,
  ServiceObserved,
  Unit,
} from '@ringfence/contracts';
import type { ActorStore } from './actor-store.js';
import type { ListedObjects } from './listed-objects.js';
import type { NodeFacts } from './node-endpoints.calculator.js';
import type { PodFacts, WorkloadFacts } from './pod-endpoints.calculator.js';
import type { RestoredRecords } from './policy-buffer.calculator.js';

type Entries<T> = readonly (readonly [string, T])[];
type Listed<T> = readonly (readonly [uid: string, epoch: string, value: T])[];

export interface StoredPolicy {
  readonly flush: number;
  readonly policyVersion: number;
  readonly facts?: FactPositions;
  readonly units: Entries<Unit>;
  readonly groups: Entries<Group>;
  readonly endpoints: Entries<Endpoint>;
  readonly catalogue: LabelCatalogue;
  readonly profiles: Entries<ProfileSettings>;
  readonly nodes: Entries<NodeSettings>;
}
export interface StoredFacts {
  readonly listed: readonly string[];
  readonly unpaired: readonly string[];
  readonly nodes: Listed<NodeFacts>;
  readonly workloads: Listed<WorkloadFacts>;
  readonly pods: Listed<PodFacts>;
  readonly services: Listed<ServiceObserved>;
}
/** What `ActorStore` is made with. */
export interface StoredState {
  readonly policy: RestoredRecords;
}

/** null: there is none in force yet. */
export function storedPolicy(store: ActorStore): StoredPolicy | null {
  const { commit, catalogue, liveRecords } = store;
  if (commit === null || catalogue === null) return null;
  return {
    flush: commit.flush,
    policyVersion: commit.policyVersion,
    facts: commit.facts,
    units: [...liveRecords.unit],
    groups: [...liveRecords.group],
    endpoints: [...liveRecords.endpoint],
    catalogue,
    profiles: [...store.view.pods.profiles],
    nodes: [...store.view.nodes.settings],
  };
}

export function recordsOf(policy: StoredPolicy | null): RestoredRecords {
  return {
    unit: new Map(policy?.units),
    group: new Map(policy?.groups),
    endpoint: new Map(policy?.endpoints),
  };
}

export function storedFacts(store: ActorStore): StoredFacts {
  const { nodes, pods, services } = store.view;
  return {
    listed: [...store.listed],
    unpaired: nodes.unpaired(),
    nodes: listedEntries(nodes.nodes),
    workloads: listedEntries(pods.workloads),
    pods: listedEntries(pods.pods),
    services: listedEntries(services),
  };
}

const listedEntries = <T>(objects: ListedObjects<T>): Listed<T> =>
  [...objects.entries()].map(([uid, { epoch, value }]) => [uid, epoch, value]);

export function restoreFacts(store: ActorStore, facts: StoredFacts): void {
  const { nodes, pods } = store.view;
  for (const kind of facts.listed) store.listed.add(kind);
  nodes.restoreUnpaired(facts.unpaired);
  for (const [uid, epoch, node] of facts.nodes) nodes.setNode(uid, epoch, node);
  for (const [, epoch, workload] of facts.workloads) pods.setWorkload(workload, epoch);
  for (const [, epoch, pod] of facts.pods) pods.setPod(pod, epoch);
  for (const [, , service] of facts.services) store.view.setService(service);
}

export function restorePolicy(store: ActorStore, policy: StoredPolicy): void {
  store.setCatalogue(policy.catalogue);
  for (const [token, profile] of policy.profiles) store.setProfile(token, profile);
  for (const [token, settings] of policy.nodes) store.view.nodes.setSettings(token, settings);
  const { unit, group, endpoint } = store.liveRecords;
  store.restorePolicy({
    flush: policy.flush,
    policyVersion: policy.policyVersion,
    facts: policy.facts ?? NO_FACTS,
    units: { upsert: [...unit.values()], remove: [] },
    groups: { upsert: [...group.values()], remove: [] },
    endpoints: { upsert: [...endpoint.values()], remove: [] },
    isComplete: true,
  });
}
