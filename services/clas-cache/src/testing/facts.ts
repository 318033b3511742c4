/** Builders of what a cluster shows, for specs: only what a test says matters. */
import { makeGroup } from '@ringfence/contracts';
import type {
  AgentHeartbeat,
  CommitRecord,
  Endpoint,
  Group,
  KubernetesWorkloadObserved,
  LabelCatalogue,
  NodeObserved,
  PodObserved,
  ProfileSettings,
  RuleList,
  ServiceObserved,
  Unit,
  UnitOfLists,
  WireRule,
} from '@ringfence/contracts';
import { makeLabelSet } from '@ringfence/labels';
import type { ActorStore } from '../domain/actor-store.js';
import { LISTED_KINDS } from '../domain/in-sync.js';

export const CLUSTER = '6f1c7a9e-1111-4222-8333-444455556666';
export const AT = '2026-11-20T10:00:00.000Z';

const seen = { resourceVersion: '1', epoch: 'e1', gone: false, observedAt: AT };

export const catalogue: LabelCatalogue = {
  version: 1,
  types: ['role', 'app', 'env', 'loc'],
  labels: [
    { id: '1', key: 'role', value: 'web' },
    { id: '2', key: 'role', value: 'db' },
    { id: '3', key: 'app', value: 'shop' },
  ],
};

export const profile = (namespace: string, parts: Partial<ProfileSettings> = {}): ProfileSettings => ({
  id: `profile-${namespace}`,
  namespace,
  managed: true,
  mode: 'full',
  assignments: {},
  ...parts,
});

export const workload = (
  name: string,
  parts: Partial<KubernetesWorkloadObserved> = {},
): KubernetesWorkloadObserved => ({
  ...seen,
  uid: `${name}-owner`,
  kind: 'Deployment',
  namespace: 'shop',
  name,
  labels: {},
  annotations: { 'com.illumio.role': name, 'com.illumio.app': 'shop' },
  ...parts,
});

/** Of the workload `name`, on `node-1` unless said otherwise. */
export const pod = (name: string, number: number, parts: Partial<PodObserved> = {}): PodObserved => ({
  ...seen,
  uid: `${name}-${number}`,
  namespace: 'shop',
  name: `${name}-${number}`,
  node: 'node-1',
  hostNetwork: false,
  phase: 'Running',
  addresses: [`10.244.1.${number}`],
  owner: { uid: `${name}-owner`, kind: 'Deployment', name },
  labels: {},
  annotations: { 'com.illumio.role': name, 'com.illumio.app': 'shop' },
  namedPorts: [],
  probePorts: [],
  readinessGates: [],
  ...parts,
});

export const node = (name: string, parts: Partial<NodeObserved> = {}): NodeObserved => ({
  ...seen,
  uid: `${name}-uid`,
  name,
  machineId: `machine-${name}`,
  labels: {},
  addresses: ['192.0.2.1'],
  podCidrs: ['10.244.1.0/24'],
  containerRuntime: 'containerd://1.6.20',
  ...parts,
});

/** Of a node that judges and has no addresses of its own. */
export const heartbeat = (name: string, parts: Partial<AgentHeartbeat> = {}) => ({
  ...{ node: name, revision: 0, observedAt: AT, addresses: [], judging: true, status: 'active' as const },
  ...parts,
});

export const service = (name: string, parts: Partial<ServiceObserved> = {}): ServiceObserved => ({
  ...seen,
  uid: `${name}-service`,
  namespace: 'shop',
  name,
  type: 'ClusterIP',
  labels: {},
  annotations: {},
  clusterIps: ['10.96.0.20'],
  externalTrafficPolicy: null,
  ports: [{ name: 'main', proto: 6, port: 80, nodePort: null }],
  backends: [],
  ...parts,
});

export const labelSetOf = (...labels: string[]) =>
  makeLabelSet({ cluster: CLUSTER, namespace: 'shop', class: 'pod', labels });

export const WEB = labelSetOf('1', '3');
export const DB = labelSetOf('2', '3');
export const WEB_GROUP = 'g-00000000000000000001';
const DB_GROUP = 'g-00000000000000000002';

export const group = (id: string, labelSets: readonly string[], parts: Partial<Group> = {}): Group =>
  makeGroup(id, { labelSets: [...labelSets], ...parts });

export const allow = (peer: string, port: number): WireRule => ({
  ref: '/orgs/1/sec_policy/active/rule_sets/1/sec_rules/1',
  class: 'allow',
  ports: [{ proto: 6, from: port, to: port }],
  peers: [peer],
});

/** web may reach db on 5432. */
export const units: readonly Unit[] = [
  { labelSet: WEB, mode: 'full', ingress: [], egress: [allow(DB_GROUP, 5432)] },
  { labelSet: DB, mode: 'full', ingress: [allow(WEB_GROUP, 5432)], egress: [] },
];
export const groups: readonly Group[] = [group(WEB_GROUP, [WEB.id]), group(DB_GROUP, [DB.id])];

/** Of a record of policy. */
export const asOf = (flush: number) => ({ flush, policyVersion: 1 });

/** A version of policy: its records and the commit that closes it. Each unit has a rule list of its own. */
export function tellPolicy(
  store: Pick<ActorStore, 'told'>,
  { units = [], groups = [], endpoints = [] }: Partial<ToldPolicy>,
  head = asOf(1),
): void {
  for (const one of groups) store.told('group', one.id, { ...head, group: one });
  for (const one of units) tellUnit(store, one, head);
  for (const one of endpoints) store.told('endpoint', one.id, { ...head, endpoint: one });
  tellCommit(store, countsOf(units.length, groups.length, endpoints.length), head);
}
interface ToldPolicy {
  readonly units: readonly Unit[];
  readonly groups: readonly Group[];
  readonly endpoints: readonly Endpoint[];
}

export function tellCommit(
  store: Pick<ActorStore, 'told'>,
  counts: CommitRecord['counts'],
  head: Pick<CommitRecord, 'flush' | 'policyVersion' | 'facts'>,
): void {
  store.told('commit', '', { ...head, at: AT, counts, hash: '' });
}

/** Of a commit, where each unit has a list of its own. */
export const countsOf = (units: number, groups: number, endpoint = 0) => ({
  unit: units,
  list: units,
  group: groups,
  endpoint,
});

/** As the policy lane has it; each with a list of its own. */
export function inLists({ labelSet, mode, ingress, egress }: Unit): { unit: UnitOfLists; list: RuleList } {
  const id = labelSet.id.replace('ls-', 'r-');
  return { unit: { labelSet, mode, lists: [id] }, list: { id, ingress, egress } };
}

/** null: it is taken back. */
export function tellUnit(
  store: Pick<ActorStore, 'told'>,
  told: Unit,
  head: ReturnType<typeof asOf> | null,
): void {
  const { unit, list } = inLists(told);
  store.told('list', list.id, head && { ...head, list });
  store.told('unit', told.labelSet.id, head && { ...head, unit });
}

/** Whole lists of every kind, with nothing in them yet. */
export function tellLists(store: Pick<ActorStore, 'observe'>): void {
  for (const kind of LISTED_KINDS) store.observe('list', { kind, epoch: 'e1' });
}
