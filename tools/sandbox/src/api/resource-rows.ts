/** The built-in kinds. A row says what a kind is called and which subresources it has; nothing here has behaviour. */
import { objectVerbs } from './resource-definition.js';
import type { ResourceDefinition } from './resource-definition.js';

interface Row {
  kind: string;
  plural: string;
  /** Cluster-scoped kinds say so; all others live in a namespace. */
  scope?: 'cluster';
  short?: string[];
  all?: true;
  sub?: string[];
  generation?: true;
  /** Asked and answered, never stored. */
  review?: true;
}

const rowsByGroupVersion: Record<string, Row[]> = {
  v1: [
    { kind: 'Namespace', plural: 'namespaces', scope: 'cluster', short: ['ns'], sub: ['status', 'finalize'] },
    { kind: 'Node', plural: 'nodes', scope: 'cluster', short: ['no'], sub: ['status'] },
    {
      kind: 'Pod',
      plural: 'pods',
      short: ['po'],
      all: true,
      sub: ['status', 'binding', 'eviction', 'log', 'exec', 'attach', 'portforward'],
    },
    { kind: 'Service', plural: 'services', short: ['svc'], all: true, sub: ['status'] },
    { kind: 'Endpoints', plural: 'endpoints', short: ['ep'] },
    { kind: 'ConfigMap', plural: 'configmaps', short: ['cm'] },
    { kind: 'Secret', plural: 'secrets' },
    { kind: 'ServiceAccount', plural: 'serviceaccounts', short: ['sa'], sub: ['token'] },
    { kind: 'Event', plural: 'events', short: ['ev'] },
    {
      kind: 'ReplicationController',
      plural: 'replicationcontrollers',
      short: ['rc'],
      all: true,
      sub: ['status', 'scale'],
      generation: true,
    },
    { kind: 'PersistentVolumeClaim', plural: 'persistentvolumeclaims', short: ['pvc'], sub: ['status'] },
    {
      kind: 'PersistentVolume',
      plural: 'persistentvolumes',
      scope: 'cluster',
      short: ['pv'],
      sub: ['status'],
    },
    { kind: 'LimitRange', plural: 'limitranges', short: ['limits'] },
    { kind: 'ResourceQuota', plural: 'resourcequotas', short: ['quota'], sub: ['status'] },
  ],
  'apps/v1': [
    {
      kind: 'Deployment',
      plural: 'deployments',
      short: ['deploy'],
      all: true,
      sub: ['status', 'scale'],
      generation: true,
    },
    {
      kind: 'ReplicaSet',
      plural: 'replicasets',
      short: ['rs'],
      all: true,
      sub: ['status', 'scale'],
      generation: true,
    },
    { kind: 'DaemonSet', plural: 'daemonsets', short: ['ds'], all: true, sub: ['status'], generation: true },
    {
      kind: 'StatefulSet',
      plural: 'statefulsets',
      short: ['sts'],
      all: true,
      sub: ['status', 'scale'],
      generation: true,
    },
    { kind: 'ControllerRevision', plural: 'controllerrevisions' },
  ],
  'batch/v1': [
    { kind: 'Job', plural: 'jobs', all: true, sub: ['status'], generation: true },
    { kind: 'CronJob', plural: 'cronjobs', short: ['cj'], all: true, sub: ['status'], generation: true },
  ],
  'discovery.k8s.io/v1': [{ kind: 'EndpointSlice', plural: 'endpointslices', generation: true }],
  'events.k8s.io/v1': [{ kind: 'Event', plural: 'events', short: ['ev'] }],
  'coordination.k8s.io/v1': [{ kind: 'Lease', plural: 'leases' }],
  'networking.k8s.io/v1': [
    { kind: 'NetworkPolicy', plural: 'networkpolicies', short: ['netpol'], generation: true },
    { kind: 'Ingress', plural: 'ingresses', short: ['ing'], sub: ['status'], generation: true },
    { kind: 'IngressClass', plural: 'ingressclasses', scope: 'cluster', generation: true },
  ],
  'policy/v1': [
    {
      kind: 'PodDisruptionBudget',
      plural: 'poddisruptionbudgets',
      short: ['pdb'],
      sub: ['status'],
      generation: true,
    },
  ],
  'autoscaling/v2': [
    {
      kind: 'HorizontalPodAutoscaler',
      plural: 'horizontalpodautoscalers',
      short: ['hpa'],
      all: true,
      sub: ['status'],
    },
  ],
  'rbac.authorization.k8s.io/v1': [
    { kind: 'Role', plural: 'roles' },
    { kind: 'RoleBinding', plural: 'rolebindings' },
    { kind: 'ClusterRole', plural: 'clusterroles', scope: 'cluster' },
    { kind: 'ClusterRoleBinding', plural: 'clusterrolebindings', scope: 'cluster' },
  ],
  'authorization.k8s.io/v1': [
    { kind: 'SelfSubjectAccessReview', plural: 'selfsubjectaccessreviews', scope: 'cluster', review: true },
    { kind: 'SelfSubjectRulesReview', plural: 'selfsubjectrulesreviews', scope: 'cluster', review: true },
    { kind: 'SubjectAccessReview', plural: 'subjectaccessreviews', scope: 'cluster', review: true },
    { kind: 'LocalSubjectAccessReview', plural: 'localsubjectaccessreviews', review: true },
  ],
  'authentication.k8s.io/v1': [
    { kind: 'SelfSubjectReview', plural: 'selfsubjectreviews', scope: 'cluster', review: true },
    { kind: 'TokenReview', plural: 'tokenreviews', scope: 'cluster', review: true },
  ],
  'storage.k8s.io/v1': [{ kind: 'StorageClass', plural: 'storageclasses', scope: 'cluster', short: ['sc'] }],
  'scheduling.k8s.io/v1': [
    { kind: 'PriorityClass', plural: 'priorityclasses', scope: 'cluster', short: ['pc'], generation: true },
  ],
  'admissionregistration.k8s.io/v1': [
    {
      kind: 'MutatingWebhookConfiguration',
      plural: 'mutatingwebhookconfigurations',
      scope: 'cluster',
      generation: true,
    },
    {
      kind: 'ValidatingWebhookConfiguration',
      plural: 'validatingwebhookconfigurations',
      scope: 'cluster',
      generation: true,
    },
  ],
  'apiextensions.k8s.io/v1': [
    {
      kind: 'CustomResourceDefinition',
      plural: 'customresourcedefinitions',
      scope: 'cluster',
      short: ['crd', 'crds'],
      sub: ['status'],
      generation: true,
    },
  ],
};

function definitionOf(groupVersion: string, row: Row): ResourceDefinition {
  const [group, version] = groupVersion.includes('/')
    ? (groupVersion.split('/') as [string, string])
    : ['', groupVersion];
  return {
    group,
    version,
    plural: row.plural,
    singular: row.kind.toLowerCase(),
    kind: row.kind,
    namespaced: row.scope !== 'cluster',
    shortNames: row.short ?? [],
    categories: row.all ? ['all'] : [],
    subresources: row.sub ?? [],
    verbs: row.review ? ['create'] : objectVerbs,
    hasGeneration: row.generation ?? false,
    isCustom: false,
  };
}

export const resourceRows: readonly ResourceDefinition[] = Object.entries(rowsByGroupVersion).flatMap(
  ([groupVersion, rows]) => rows.map((row) => definitionOf(groupVersion, row)),
);
