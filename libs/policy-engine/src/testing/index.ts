export {
  anyBoundary,
  anyCatalogue,
  anyIpList,
  anyLabelGroup,
  anyLabels,
  anyLabelSet,
  anyMode,
  anyObjects,
  anyPacket,
  anyRuleSet,
  anyService,
  anyWorld,
  CLUSTER,
  LABELS,
  WORKLOADS,
} from './arbitrary-world.js';
export { naivePolicy, plainPolicy, verdictByWords } from './naive-policy.js';
export type { PlainRule, PlainUnit, SpokenVerdict } from './naive-policy.js';
export { computePolicy, hostAddressesOf, inCluster, membersOf, ToldPolicy } from './world.js';
export type { EnforcedPolicy, ServiceInWorld, World } from './world.js';
