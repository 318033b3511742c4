export { changedPeerSet, isIpv6, peerSet } from './model/addresses.js';
export {
  FirewallInputError,
  hasTable,
  isDenial,
  isEnforced,
  nextGeneration,
} from './model/firewall.model.js';
export type {
  ChainRule,
  DirectionPolicy,
  FirewallModel,
  ForwardGuard,
  GuardedPort,
  PeerSet,
  PortSegment,
} from './model/firewall.model.js';
export { changeBetween, replacement, rotation, takeover } from './model/change.js';
export type { Change, FoundObjects } from './model/change.js';
export { rulesOnPort } from './model/port-segments.js';
export { hostReach } from './model/host-reach.js';
export type { HostedPod, HostReach } from './model/host-reach.js';
export { buildModel, endpointUnit, inOrder, OWN_HOST } from './model/policy-model.js';
export type { EndpointDetails, ModelOptions } from './model/policy-model.js';
export { groupPeers, nodePolicy, peerLookup, podPolicy, standIn } from './model/place-policy.js';
export type { PlacePolicy, PolicyView } from './model/place-policy.js';
export {
  COUNTERS,
  FAMILIES,
  FLOW_TABLES,
  flowSetName,
  flowSetNames,
  HALVES,
  renderRemoval,
  TABLE,
} from './nftables/own-table.js';
export type { Family, FlowTable, Half } from './nftables/own-table.js';
export { renderTable } from './nftables/table.renderer.js';
export { renderChange, renderFlush } from './nftables/change.renderer.js';
export { iptables } from './iptables/iptables.js';
export { distrustedWords } from './nftables/judgement.js';
