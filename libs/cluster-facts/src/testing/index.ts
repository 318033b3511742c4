export { judgedAt, passesNetworkPolicies } from './naive-network-policies.js';
export type { JudgedCluster, JudgedPod, PodTraffic, TrafficEnd } from './naive-network-policies.js';
export { TRUTH_TABLE } from './network-policy-truth.js';
export { TRUTH_CLUSTER, trafficOf } from './truth-town.js';
export type { Truth, TruthStep, WrittenPolicy } from './truth-town.js';
