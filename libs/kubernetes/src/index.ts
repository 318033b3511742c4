export { ApiError, apiClient } from './api-client.js';
export type { ApiClient, PatchType, Query } from './api-client.js';
export { clusterAccess, fromKubeconfig, inCluster } from './cluster-access.js';
export type { ClusterAccess, Credentials } from './cluster-access.js';
export { KubeconfigError } from './kubeconfig.js';
export { startListWatch, StateWentBack } from './list-watch.js';
export type {
  Listed,
  ListWatch,
  ListWatchEvents,
  ListWatchOptions,
  Refusal,
  Resource,
} from './list-watch.js';
export { patchPodConditions } from './pod-condition.js';
export type { PodConditionPatch } from './pod-condition.js';
export { readPod } from './read-pod.js';
export type { PodName } from './read-pod.js';
export { NETWORK_POLICIES, RESOURCES } from './resources.js';
export type { WatchedResource } from './resources.js';
export { ReadinessWriter } from './readiness-writer.js';
export type { ReadinessWish, ReadinessWriterOptions } from './readiness-writer.js';
export { ServerPresence } from './server-presence.js';
export type { Absence, PresenceOptions, PresenceTimes } from './server-presence.js';
export { boundNode, isServiceAccount, reviewToken } from './token-review.js';
export type { ServiceAccount, TokenHolder } from './token-review.js';
