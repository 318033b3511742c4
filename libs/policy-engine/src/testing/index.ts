export {
  anyBoundary,
  anyIpList,
  anyLabelGroup,
  anyLabels,
  anyObjects,
  anyRuleSet,
  anyService,
  LABELS,
  WORKLOADS,
} from './arbitrary-objects.js';
export { anyCatalogue, anyLabelSet, anyMode, anyPacket, anyWorld, CLUSTER } from './arbitrary-world.js';
export { naivePolicy, plainPolicy, verdictByWords } from './naive-policy.js';
export type { PlainRule, PlainUnit, SpokenVerdict } from './naive-policy.js';
export { computePolicy, hostAddressesOf, inCluster, membersOf, ToldPolicy } from './world.js';
export type { EnforcedPolicy, ServiceInWorld, World } from './world.js';
