export { beforeServing } from './before-serving.js';
export type { StartingProcess } from './before-serving.js';
export { CallError, isTransient, PermanentError, TransientError } from './errors.js';
export { connectBus } from './connect.js';
export { openControlBus } from './control-bus.js';
export type { BusProcess, ControlBus } from './control-bus.js';
export { eventOf } from './event-of.js';
export { failureOf } from './calls.js';
export {
  ensureKubelinkDurable,
  ensureStreams,
  ensureUplinkDurable,
  keepKubelinkDurable,
  keepUplinkDurable,
} from './streams.js';
export { consumeByCluster } from './by-cluster.js';
export type { ClusterReaders } from './by-cluster.js';
export { clusterPace } from './cluster-share.js';
export type { BeyondShare } from './cluster-share.js';
export { Shares } from './shares.js';
export type { Share } from './shares.js';
export type {
  Arrived,
  BatchLimits,
  Bus,
  BusOptions,
  CallContext,
  CallOptions,
  Consumer,
  ConsumerOptions,
  Credentials,
  LatestOptions,
  LatestReader,
  LatestValue,
  Message,
  Publication,
  PublishOptions,
  ServeOptions,
  Subscription,
  TraceHeaders,
} from './bus.js';
export { activeHeaders, Causes, continueTraces, describeSpan } from './trace.js';
export { noMetrics } from './metrics.js';
export type { BusMetrics, MetricLabels } from './metrics.js';
export { createKeys, deriveAccountKeys, keysOfSeed } from './credentials/keys.js';
export type { NatsKeys } from './credentials/keys.js';
export { mintUser } from './credentials/claims.js';
export type { AccountClaims, MintedUser, UserClaims } from './credentials/claims.js';
export { credsFile, formatCreds } from './credentials/creds-file.js';
export { mintClusterAccount, mintControlPlane, mintUplinkUser } from './credentials/control-plane.js';
export type { ClusterAccount, ControlPlaneKeys } from './credentials/control-plane.js';
export {
  KUBELINK_DURABLE,
  mintClusterServer,
  mintKubelinkAccount,
  mintKubelinkUser,
  mintNodeAccount,
  mintNodeUser,
} from './credentials/cluster-server.js';
export type { ClusterServerKeys, ClusterSigner } from './credentials/cluster-server.js';
export { nodeInbox, serviceInbox, uplinkDurable } from './credentials/permissions.js';
export { clusterServerConfig, controlServerConfig } from './credentials/server-config.js';
export type { ServerPlace } from './credentials/server-config.js';
export { askAsKubelink, askAsNode, CredentialRefused, readAgentToken } from './credentials/ask-credential.js';
export { isProof, signProof } from './credentials/node-proof.js';
export { postJson } from './credentials/post-json.js';
export type { JsonAnswer, PostOptions } from './credentials/post-json.js';
export { pushAccount } from './credentials/push-account.js';
export { askCluster, unanswered } from './ask-cluster.js';
export type { ClusterAsking, Unanswered } from './ask-cluster.js';
