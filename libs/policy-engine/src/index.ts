export {
  canonicalAddress,
  formatAddress,
  intervalToCidrs,
  mergeIntervals,
  parseAddress,
  parseCidr,
} from './address.js';
export type { Interval, IpVersion, ParsedAddress } from './address.js';
export { CidrSet } from './cidr-set.js';
export { cidrsOf, exclusionOutside } from './ip-list.js';
export { expandLabelGroups } from './label-groups.js';
export { labelledSelector, resolveScope, SideBook } from './side.js';
export type { References, Scope } from './side.js';
export { normalisePorts, onPorts } from './ports.js';
export type { Packet } from './ports.js';
export { evaluate, explain, modeIn, rulesAbout, verdictOf, worst } from './evaluate.js';
export type {
  Direction,
  EnforcedEnd,
  Evaluation,
  EvaluationInput,
  Explanation,
  ExplanationInput,
  ExplanationReason,
  PeerLookup,
} from './evaluate.js';
export { GroupMembers } from './group-members.js';
export type { MembershipDelta } from './group-members.js';
export { questionId } from './question.js';
export { CLUSTER_NODES, CONTROL_PLANE_NODES, JUDGING_NODES, POD_NETWORKS } from './essential-groups.js';
export { essentialGroupWords, essentialWords } from './essential-words.js';
export type { EssentialWords } from './essential-words.js';
export { ruleRefs } from './rule-compiler.js';
export { PolicyCalculator } from './policy.calculator.js';
export type { PolicyChanges } from './cluster-policy.calculator.js';
export type { RuleListChanges } from './cluster-rule-lists.calculator.js';
export { unitWithRules } from './unit-rules.js';
export type { RuleListLookup } from './unit-rules.js';
export type { GroupChanges } from './cluster-groups.calculator.js';
export type { ProvisionableObjects } from './policy-source.js';
export { openServices, servicePortsBehind } from './open-services.js';
export type {
  BackendLookup,
  EndpointLookup,
  OpenedServices,
  ServiceLookup,
  ServicePortBehind,
} from './open-services.js';
export { inOrder, rulesBehind, serviceEndOf, withMembers } from './service-ends.js';
export type { BackendOwner, ServiceEnd, ServiceEndPort } from './service-ends.js';
