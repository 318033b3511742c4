/** What is listed and watched, and what is kept of each. */
import {
  controllerFacts,
  labelMapFacts,
  namespaceFacts,
  networkPolicyFacts,
  nodeFacts,
  podFacts,
  serviceFacts,
  sliceFacts,
} from '@ringfence/cluster-facts';
import type { FactKind, FactKinds, KubeObject } from '@ringfence/cluster-facts';
import type { Resource } from './list-watch.js';

export interface WatchedResource<K extends FactKind = FactKind> extends Resource {
  /** For people: `pods not listed yet`. */
  readonly plural: string;
  readonly kind: K;
  /** Of controllers: as owner references name it. */
  readonly controls?: string;
  readonly project: (object: KubeObject) => FactKinds[K] | undefined;
}

interface ControllerResource extends WatchedResource<'controller'> {
  readonly controls: string;
}

const controllers = (path: string, kind: string, optional = false): ControllerResource => ({
  controls: kind,
  path,
  plural: path.slice(path.lastIndexOf('/') + 1),
  kind: 'controller',
  project: controllerFacts(kind),
  optional,
});

const CONTROLLERS = [
  controllers('/apis/apps/v1/deployments', 'Deployment'),
  controllers('/apis/apps/v1/daemonsets', 'DaemonSet'),
  controllers('/apis/apps/v1/statefulsets', 'StatefulSet'),
  controllers('/apis/apps/v1/replicasets', 'ReplicaSet'),
  controllers('/api/v1/replicationcontrollers', 'ReplicationController', true),
  controllers('/apis/batch/v1/jobs', 'Job'),
  controllers('/apis/batch/v1/cronjobs', 'CronJob'),
  // OpenShift's.
  controllers('/apis/apps.openshift.io/v1/deploymentconfigs', 'DeploymentConfig', true),
];

/** Where each kind of controller is read. */
export const CONTROLLER_PATHS: ReadonlyMap<string, string> = new Map(
  CONTROLLERS.map(({ controls, path }) => [controls, path]),
);

export const RESOURCES: readonly WatchedResource[] = [
  { path: '/api/v1/namespaces', plural: 'namespaces', kind: 'namespace', project: namespaceFacts },
  { path: '/api/v1/nodes', plural: 'nodes', kind: 'node', project: nodeFacts },
  ...CONTROLLERS,
  { path: '/api/v1/services', plural: 'services', kind: 'service', project: serviceFacts },
  {
    path: '/apis/discovery.k8s.io/v1/endpointslices',
    plural: 'endpointslices',
    kind: 'slice',
    project: sliceFacts,
  },
  { path: '/api/v1/pods', plural: 'pods', kind: 'pod', project: podFacts },
  {
    path: '/apis/ic4k.illumio.com/v1alpha1/labelmaps',
    plural: 'labelmaps',
    kind: 'labelMap',
    project: labelMapFacts,
    optional: true,
  },
];

/** Only where they are imported. */
export const NETWORK_POLICIES: WatchedResource<'networkPolicy'> = {
  path: '/apis/networking.k8s.io/v1/networkpolicies',
  plural: 'networkpolicies',
  kind: 'networkPolicy',
  project: networkPolicyFacts,
};
