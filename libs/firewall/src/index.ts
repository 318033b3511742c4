export { changedPeerSet, isIpv6, peerSet } from './addresses.js';
export {
  FIRST_GENERATION,
  FirewallInputError,
  hasTable,
  isEnforced,
  nextGeneration,
} from './firewall.model.js';
export type {
  ChainRule,
  DirectionPolicy,
  FirewallModel,
  ForwardGuard,
  GuardedPort,
  PeerSet,
  PortSegment,
} from './firewall.model.js';
export { rulesOnPort } from './port-segments.js';
export { hostReach } from './host-reach.js';
export type { HostedPod, HostReach } from './host-reach.js';
export { buildModel, endpointUnit, inOrder, OWN_HOST, PROBES_REF } from './policy-model.js';
export type { EndpointDetails, ModelOptions } from './policy-model.js';
export { groupPeers, nodePolicy, peerLookup, podPolicy, standIn } from './place-policy.js';
export type { PlacePolicy, PolicyView } from './place-policy.js';
export {
  COUNTERS,
  FAMILIES,
  FLOW_TABLES,
  flowSetName,
  flowSetNames,
  HALVES,
  renderRemoval,
  REVISION_CHAIN,
  TABLE,
} from './own-table.js';
export type { Family, FlowTable, Half } from './own-table.js';
export { renderTable } from './table.renderer.js';
export { renderChange, renderFlush, renderRotation, replacement } from './change.renderer.js';
export type { Change } from './change.renderer.js';
export { renderTakeover } from './takeover.renderer.js';
export type { FoundObjects } from './takeover.renderer.js';
export { distrustedWords } from './judgement.js';
