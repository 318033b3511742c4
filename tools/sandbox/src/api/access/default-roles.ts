/**
 * The roles and bindings that every cluster starts with, as far as applications and people refer to them. `admin`, `edit` and
 * `view` are made of others by label, so that whoever adds a kind can add the rights on it.
 */
import type { Cluster } from '../cluster.js';
import type { Draft } from '../kind-client.js';
import type { ClusterRole } from './rbac-kinds.js';
import type { PolicyRule } from './role-rules.js';

interface DefaultRole {
  readonly name: string;
  readonly rules?: PolicyRule[];
  readonly labels?: Record<string, string>;
  readonly aggregates?: string;
  readonly groups?: readonly string[];
}

const reading = ['get', 'list', 'watch'];
const writing = ['create', 'delete', 'deletecollection', 'patch', 'update'];
const everything = [...reading, ...writing];
const aggregatesTo = (role: string): Record<string, string> => ({
  [`rbac.authorization.k8s.io/aggregate-to-${role}`]: 'true',
});
const on = (apiGroup: string, resources: string[], verbs: string[]): PolicyRule => ({
  apiGroups: [apiGroup],
  resources,
  verbs,
});
const toPaths = (...nonResourceURLs: string[]): PolicyRule => ({ nonResourceURLs, verbs: ['get'] });

const coreKinds = [
  ...['configmaps', 'endpoints', 'events', 'persistentvolumeclaims', 'pods', 'replicationcontrollers'],
  ...['replicationcontrollers/scale', 'serviceaccounts', 'services'],
];
const appKinds = [
  ...['daemonsets', 'deployments', 'deployments/scale', 'replicasets', 'replicasets/scale'],
  ...['statefulsets', 'statefulsets/scale'],
];
const otherKinds: readonly (readonly [string, string[]])[] = [
  ['autoscaling', ['horizontalpodautoscalers']],
  ['batch', ['cronjobs', 'jobs']],
  ['networking.k8s.io', ['ingresses', 'networkpolicies']],
  ['policy', ['poddisruptionbudgets']],
];
const onApplications = (verbs: string[]): PolicyRule[] => [
  on('', coreKinds, verbs),
  on('apps', appKinds, verbs),
  ...otherKinds.map(([group, resources]) => on(group, resources, verbs)),
];
const authorization = 'authorization.k8s.io';
const rbac = 'rbac.authorization.k8s.io';
const review = (...resources: string[]): PolicyRule => on(authorization, resources, ['create']);

const health = ['/healthz', '/livez', '/readyz', '/version', '/version/'];
const everybody = ['system:authenticated'];

const roles: readonly DefaultRole[] = [
  {
    name: 'cluster-admin',
    rules: [on('*', ['*'], ['*']), { nonResourceURLs: ['*'], verbs: ['*'] }],
    groups: ['system:masters'],
  },
  { name: 'admin', aggregates: 'admin' },
  { name: 'edit', aggregates: 'edit', labels: aggregatesTo('admin') },
  { name: 'view', aggregates: 'view', labels: aggregatesTo('edit') },
  {
    name: 'system:aggregate-to-admin',
    labels: aggregatesTo('admin'),
    rules: [review('localsubjectaccessreviews'), on(rbac, ['rolebindings', 'roles'], everything)],
  },
  {
    name: 'system:aggregate-to-edit',
    labels: aggregatesTo('edit'),
    rules: [
      ...onApplications(writing),
      on('', ['pods/attach', 'pods/exec', 'pods/portforward', 'pods/proxy', 'services/proxy'], everything),
      on('', ['secrets'], everything),
      on('', ['pods/eviction', 'serviceaccounts/token'], ['create']),
      on('', ['serviceaccounts'], ['impersonate']),
      on('coordination.k8s.io', ['leases'], everything),
    ],
  },
  {
    name: 'system:aggregate-to-view',
    labels: aggregatesTo('view'),
    rules: [
      ...onApplications(reading),
      on('', ['limitranges', 'namespaces', 'pods/log', 'pods/status', 'resourcequotas'], reading),
      on('discovery.k8s.io', ['endpointslices'], reading),
    ],
  },
  {
    name: 'system:basic-user',
    rules: [
      review('selfsubjectaccessreviews', 'selfsubjectrulesreviews'),
      on('authentication.k8s.io', ['selfsubjectreviews'], ['create']),
    ],
    groups: everybody,
  },
  {
    name: 'system:discovery',
    rules: [toPaths('/api', '/api/*', '/apis', '/apis/*', '/openapi', '/openapi/*', ...health)],
    groups: everybody,
  },
  {
    name: 'system:public-info-viewer',
    rules: [toPaths(...health)],
    groups: [...everybody, 'system:unauthenticated'],
  },
  {
    name: 'system:auth-delegator',
    rules: [on('authentication.k8s.io', ['tokenreviews'], ['create']), review('subjectaccessreviews')],
  },
];

const defaults = { 'kubernetes.io/bootstrapping': 'rbac-defaults' };

export async function createDefaultRoles(cluster: Cluster): Promise<void> {
  for (const role of roles) {
    await cluster.resource('clusterroles.rbac.authorization.k8s.io').create(clusterRoleOf(role));
    if (role.groups === undefined) continue;
    await cluster.resource('clusterrolebindings.rbac.authorization.k8s.io').create({
      metadata: { name: role.name, labels: defaults },
      roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: role.name },
      subjects: role.groups.map((name) => ({ apiGroup: rbac, kind: 'Group', name })),
    });
  }
}

function clusterRoleOf({ name, rules = [], labels, aggregates }: DefaultRole): Draft<ClusterRole> {
  const clusterRoleSelectors =
    aggregates === undefined ? undefined : [{ matchLabels: aggregatesTo(aggregates) }];
  return {
    metadata: { name, labels: { ...defaults, ...labels } },
    rules,
    ...(clusterRoleSelectors && { aggregationRule: { clusterRoleSelectors } }),
  };
}
