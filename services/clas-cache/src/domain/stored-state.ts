/**
 * What a restart needs while the control plane is away: the policy in force and its settings (the control plane's), and
 * the objects of the cluster (which the cluster's own stream keeps for a while only).
 */
import type { Labels } from '@ringfence/cluster-facts';
import { NO_FACTS } from '@ringfence/contracts';
import type {
  Endpoint,
  FactPositions,
  Group,
  LabelCatalogue,
  NetworkPolicyForm,
  NodeSettings,
  ProfileSettings,
  ServiceObserved,
  RuleList,
  UnitOfLists,
} from '@ringfence/contracts';
import type { ClusterGraph } from './cluster-graph.js';
import type { ListedObjects } from './listed-objects.js';
import type { NodeFacts } from './node-endpoints.calculator.js';
import type { PodFacts, WorkloadFacts } from './pod-endpoints.calculator.js';
import type { RestoredRecords, UnreadableRecords } from './policy-buffer.calculator.js';
import { takeTold, takeUnreadable, takeUntold } from './told.js';
import type { Told } from './told.js';

type Entries<T> = readonly (readonly [string, T])[];
type Listed<T> = readonly (readonly [uid: string, epoch: string, value: T])[];

export interface StoredPolicy {
  readonly flush: number;
  readonly policyVersion: number;
  readonly facts?: FactPositions;
  readonly units: Entries<UnitOfLists>;
  readonly lists: Entries<RuleList>;
  readonly groups: Entries<Group>;
  readonly endpoints: Entries<Endpoint>;
  readonly unreadable: UnreadableRecords;
  readonly catalogue: LabelCatalogue;
  readonly profiles: Entries<ProfileSettings>;
  readonly nodes: Entries<NodeSettings>;
  /** Whose settings were taken away: written together with that, or nobody would tell them. */
  readonly unpaired: readonly string[];
}
export interface StoredFacts {
  readonly listed: readonly string[];
  readonly nodes: Listed<NodeFacts>;
  readonly workloads: Listed<WorkloadFacts>;
  readonly pods: Listed<PodFacts>;
  readonly services: Listed<ServiceObserved>;
  /** Absent from what an older version stored. */
  readonly namespaces?: Listed<{ readonly name: string; readonly labels: Labels }>;
  readonly networkPolicies?: Listed<NetworkPolicyForm>;
}
/** What the control plane has told, in its order; null: it was taken back. */
export type ToldRecord = {
  readonly [K in keyof Told]: { readonly kind: K; readonly token: string; readonly told: Told[K] | null };
}[keyof Told];
/** From here on everything is told again. */
export const ANEW = 'anew';
/** In a form that is not known here. */
export interface ToldUnreadable extends Pick<ToldRecord, 'kind' | 'token'> {
  readonly unreadable: true;
}
export type ToldChange = ToldRecord | ToldUnreadable | typeof ANEW;
export interface StoredState {
  /** The highest that may have been told. */
  readonly revision: number;
  readonly policy?: StoredPolicy | undefined;
  /** Since that policy. */
  readonly changes?: readonly ToldChange[];
  readonly facts?: StoredFacts | undefined;
}

/** null: there is none in force yet. */
export function storedPolicy({ sync, policy, view }: ClusterGraph): StoredPolicy | null {
  const { commit, catalogue } = sync;
  if (commit === null || catalogue === null) return null;
  return {
    flush: commit.flush,
    policyVersion: commit.policyVersion,
    facts: commit.facts,
    units: [...policy.live.unit],
    lists: [...policy.live.list],
    groups: [...policy.live.group],
    endpoints: [...policy.live.endpoint],
    unreadable: policy.unreadable,
    catalogue,
    profiles: [...view.pods.profiles],
    nodes: [...view.nodes.settings],
    unpaired: view.nodes.unpaired(),
  };
}

export function recordsOf(policy: StoredPolicy | null): RestoredRecords {
  return {
    unit: new Map(policy?.units),
    list: new Map(policy?.lists),
    group: new Map(policy?.groups),
    endpoint: new Map(policy?.endpoints),
  };
}

/** null: nothing was read yet. */
export function storedFacts({ sync, view }: ClusterGraph): StoredFacts | null {
  const { nodes, pods, services } = view;
  if (sync.listed.size === 0) return null;
  return {
    listed: [...sync.listed],
    nodes: listedEntries(nodes.nodes),
    workloads: listedEntries(pods.workloads),
    pods: listedEntries(pods.pods),
    services: listedEntries(services),
    namespaces: listedEntries(view.policies.traits.namespaces),
    networkPolicies: listedEntries(view.policies.traits.policies),
  };
}

const listedEntries = <T>(objects: ListedObjects<T>): Listed<T> =>
  [...objects.entries()].map(([uid, { epoch, value }]) => [uid, epoch, value]);

export function restoreFacts({ sync, view }: ClusterGraph, facts: StoredFacts): void {
  const { nodes, pods } = view;
  const { traits } = view.policies;
  for (const kind of facts.listed) sync.listed.add(kind);
  for (const [uid, epoch, namespace] of facts.namespaces ?? []) traits.setNamespace(uid, epoch, namespace);
  for (const [uid, epoch, form] of facts.networkPolicies ?? []) traits.setPolicy(uid, epoch, form);
  for (const [uid, epoch, node] of facts.nodes) nodes.setNode(uid, epoch, node);
  for (const [, epoch, workload] of facts.workloads) pods.setWorkload(workload, epoch);
  for (const [, epoch, pod] of facts.pods) pods.setPod(pod, epoch);
  for (const [, , service] of facts.services) view.setService(service);
}

export function restorePolicy(graph: ClusterGraph, policy: StoredPolicy): void {
  graph.policy.goOn(policy.unreadable);
  takeTold(graph, 'labels', '', policy.catalogue);
  for (const [token, profile] of policy.profiles) graph.view.setProfile(token, profile);
  for (const [token, settings] of policy.nodes) graph.view.nodes.setSettings(token, settings);
  graph.view.nodes.restoreUnpaired(policy.unpaired);
  const { group, endpoint } = graph.policy.live;
  graph.inForce({
    flush: policy.flush,
    policyVersion: policy.policyVersion,
    facts: policy.facts ?? NO_FACTS,
    units: { upsert: graph.policy.units(), remove: [] },
    groups: { upsert: [...group.values()], remove: [] },
    endpoints: { upsert: [...endpoint.values()], remove: [] },
  });
}

export function replay(graph: ClusterGraph, changes: readonly ToldChange[]): void {
  for (const change of changes) {
    if (change === ANEW) graph.policy.beginAnew();
    else if ('unreadable' in change) takeUnreadable(graph, change.kind, change.token);
    else if (change.told === null) takeUntold(graph, change.kind, change.token);
    else takeTold(graph, change.kind, change.token, change.told);
  }
}
