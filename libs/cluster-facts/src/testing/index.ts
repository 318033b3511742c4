export { judgedAt, passesNetworkPolicies } from './naive-network-policies.js';
export type { JudgedCluster, JudgedPod, PodTraffic, TrafficEnd } from './naive-network-policies.js';
export { TRUTH_CLUSTER, trafficOf, TRUTH_TABLE } from './network-policy-truth.js';
export type { Truth, TruthStep, WrittenPolicy } from './network-policy-truth.js';
