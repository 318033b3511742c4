/** The part of workload objects (what makes Pods) that the controllers look into, and the map from resource name to type. */
import type { ClusterRole, Role, RoleBinding } from './access/rbac-kinds.js';
import type { JsonObject } from './json.js';
import type {
  Condition,
  KubeObject,
  LabelSelector,
  Namespace,
  Node,
  Pod,
  PodTemplate,
  Service,
} from './kube-object.js';

export interface Deployment extends KubeObject {
  spec: {
    replicas: number;
    selector: LabelSelector;
    template: PodTemplate;
    strategy?: {
      type?: string;
      rollingUpdate?: { maxSurge?: number | string; maxUnavailable?: number | string };
    };
    paused?: boolean;
    minReadySeconds?: number;
    revisionHistoryLimit?: number;
    progressDeadlineSeconds?: number;
  };
  status?: {
    observedGeneration?: number;
    replicas?: number;
    updatedReplicas?: number;
    readyReplicas?: number;
    availableReplicas?: number;
    unavailableReplicas?: number;
    conditions?: Condition[];
  };
}

export interface ReplicaSet extends KubeObject {
  spec: { replicas: number; selector: LabelSelector; template: PodTemplate };
  status?: {
    replicas: number;
    fullyLabeledReplicas?: number;
    readyReplicas?: number;
    availableReplicas?: number;
    observedGeneration?: number;
  };
}

export interface ReplicationController extends KubeObject {
  spec: { replicas: number; selector: Record<string, string>; template: PodTemplate };
  status?: ReplicaSet['status'];
}

export interface DaemonSet extends KubeObject {
  spec: {
    selector: LabelSelector;
    template: PodTemplate;
    updateStrategy?: { type?: string; rollingUpdate?: { maxUnavailable?: number | string } };
  };
  status?: JsonObject;
}

export interface StatefulSet extends KubeObject {
  spec: {
    replicas: number;
    serviceName?: string;
    selector: LabelSelector;
    template: PodTemplate;
    podManagementPolicy?: string;
    updateStrategy?: { type?: string; rollingUpdate?: { partition?: number } };
    volumeClaimTemplates?: {
      metadata: { name: string; labels?: Record<string, string> };
      spec: JsonObject;
    }[];
  };
  status?: JsonObject;
}

export interface Job extends KubeObject {
  spec: {
    completions?: number;
    parallelism?: number;
    backoffLimit?: number;
    ttlSecondsAfterFinished?: number;
    suspend?: boolean;
    selector?: LabelSelector;
    template: PodTemplate;
  };
  status?: {
    active?: number;
    succeeded?: number;
    failed?: number;
    ready?: number;
    startTime?: string;
    completionTime?: string;
    conditions?: Condition[];
  };
}

export interface CronJob extends KubeObject {
  spec: {
    schedule: string;
    suspend?: boolean;
    concurrencyPolicy?: string;
    successfulJobsHistoryLimit?: number;
    failedJobsHistoryLimit?: number;
    jobTemplate: { metadata?: Partial<KubeObject['metadata']>; spec: Job['spec'] };
  };
  status?: { lastScheduleTime?: string; active?: JsonObject[] };
}

export interface Endpoints extends KubeObject {
  subsets?: JsonObject[];
}

export interface EndpointSlice extends KubeObject {
  addressType: string;
  endpoints: JsonObject[];
  ports: JsonObject[];
}

/** Type by `plural` or `plural.group`, so that `cluster.resource('pods')` is typed without a cast at every caller. */
export interface KnownKinds {
  namespaces: Namespace;
  nodes: Node;
  pods: Pod;
  services: Service;
  endpoints: Endpoints;
  events: KubeObject;
  serviceaccounts: KubeObject;
  persistentvolumeclaims: KubeObject;
  replicationcontrollers: ReplicationController;
  'deployments.apps': Deployment;
  'replicasets.apps': ReplicaSet;
  'daemonsets.apps': DaemonSet;
  'statefulsets.apps': StatefulSet;
  'jobs.batch': Job;
  'cronjobs.batch': CronJob;
  'endpointslices.discovery.k8s.io': EndpointSlice;
  'roles.rbac.authorization.k8s.io': Role;
  'rolebindings.rbac.authorization.k8s.io': RoleBinding;
  'clusterroles.rbac.authorization.k8s.io': ClusterRole;
  'clusterrolebindings.rbac.authorization.k8s.io': RoleBinding;
}
