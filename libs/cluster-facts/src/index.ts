export { ClusterFactsCalculator, OBSERVED_KINDS } from './cluster-facts.calculator.js';
export type { FactKind, FactKinds, ObservedChange, ObservedKind } from './cluster-facts.calculator.js';
export { labelMapFacts } from './label-map.js';
export { SERVICE_KEY, WORKLOAD_KEY } from './label-mapping.js';
export { objectOf } from './objects.js';
export type { KubeObject } from './objects.js';
export {
  controllerFacts,
  namespaceFacts,
  nodeFacts,
  podFacts,
  serviceFacts,
  sliceFacts,
} from './projections.js';
export type { Owner } from './projections.js';
export { matchesLabels } from './network-policy/label-selector.js';
export type { Labels } from './network-policy/label-selector.js';
export { networkPolicyFacts, networkPolicyForm } from './network-policy/network-policy.js';
export { exportNetworkPolicies } from './export/network-policies.js';
export type { ExportedPolicies, ExportWish, NotSaid } from './export/network-policies.js';
export type { NetworkPolicyManifest } from './export/manifest.js';
