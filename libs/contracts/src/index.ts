export { bodyErrors, fieldOf } from './body-errors.js';
export { unchangedLeftOut } from './unchanged.js';
export { ClusterId, GLOBAL, GroupId, Instant, IntegerId } from './ids.js';
export { LabelId, LabelSetId, RuleListId, Uuid } from './ids.js';
export { isText, Text, TEXT_PROBLEM } from './text.js';
export { idOfToken, LANES, parseSubject, subjects, subjectToken } from './subjects.js';
export type { Lane, ParsedSubject } from './subjects.js';
export { STREAMS, type StreamContract } from './streams.js';
export { Actor, Envelope } from './envelope.js';
export { Grant, GrantedLabel, type Role, ROLES } from './grants.js';
export { Address, AdminPort, Cidr, EnforcementMode, hostCidrs, Isolated, Verdict } from './network.js';
export { NetworkTypeOfCluster, Port, PortRange, Protocol, SeenFromOutside } from './network.js';
export {
  AGENT_REPORTS,
  AgentHeartbeat,
  AgentRefusal,
  HostConnection,
  MOST_ROUTES,
  NodeEssential,
  NodeRoute,
} from './agents.js';
export {
  LabelRequirement,
  LabelSelector,
  NetworkPolicyForm,
  NetworkPolicyPeer,
  NetworkPolicyPort,
  NetworkPolicyRule,
  RefusedField,
} from './network-policies.js';
export {
  ClusterObserved,
  KubernetesWorkloadObserved,
  ListCompleted,
  MappedLabel,
  MappedLabels,
  NamespaceObserved,
  NetworkPolicyObserved,
  NodeObserved,
  OBSERVATIONS,
  PodObserved,
  ProbePort,
  ServiceObserved,
  ServicePort,
} from './observations.js';
export type { KubelinkLack, ObservationKind } from './observations.js';
export {
  CommitRecord,
  Endpoint,
  EndpointRecord,
  EntityClass,
  FactPositions,
  Group,
  GroupRecord,
  LabelAssignment,
  LabelCatalogue,
  LabelSet,
  makeGroup,
  NO_FACTS,
  NodeSettings,
  POLICY_RECORDS,
  PolicyStamp,
  ProfileSettings,
  RULE_CLASSES,
  RuleClass,
  RuleName,
  SettledRecord,
  RuleList,
  RuleListRecord,
  Unit,
  UnitOfLists,
  UnitRecord,
  WireRule,
} from './policy.js';
export type { PolicyRecordKind } from './policy.js';
export {
  COMPUTED_TYPES,
  DenyRule,
  EnforcementBoundary,
  FIREWALL_SCOPES,
  FirewallSettings,
  IpList,
  IpRange,
  LabelGroup,
  PROVISIONABLE,
  PROVISIONABLE_TYPES,
  Rule,
  RuleActor,
  RuleSet,
  ScopeEntry,
  ServiceBinding,
  ServiceObject,
  ServiceRef,
  VirtualService,
} from './policy-objects.js';
export type { ComputedType, PolicyObjects, ProvisionableType } from './policy-objects.js';
export {
  AGENT_AUDIENCE,
  ClusterAck,
  CredentialChallenge,
  credentialProof,
  ClusterPulse,
  CredentialRequest,
  CredentialResponse,
  DecoratedFlowBatch,
  FlowBatch,
  FlowEnd,
  MOST_FLOWS,
  MOST_BEHIND,
  MOST_NOT_IN_FORCE,
  MOST_REFUSED_POLICIES,
  MOST_SANDBOXES,
  MOST_VIEW_PARTS,
  NodeAck,
  NodeSandboxes,
  ApiServer,
  NodePortTarget,
  MOST_WITNESSED_PORTS,
  NodeViewMessage,
  NodeViewPart,
  NotInForce,
  PodReadiness,
  UserKey,
  PULSE_EVERY_SECONDS,
  Witnessed,
} from './edge.js';
export type { NodeView, ProvenClaim } from './edge.js';
export {
  ContainerClusterState,
  EntityLabelsState,
  EVENTS,
  KubernetesWorkloadState,
  LabelOrigin,
  LabelState,
  LabelTypeState,
  NamespaceState,
  PairingProfileState,
  PolicyObjectDraft,
  PolicyVersionState,
  ProfileState,
  RefusedAnnotation,
  RemovedLabel,
  WorkloadState,
} from './events.js';
export type { EventType } from './events.js';
export { FOLDED, MIRRORED, type MirroredKind, type MirroredState } from './mirrored.js';
export type { EventContract, EventVersion } from './event-versions.js';
export { eventContract, readEvent, UnreadableEvent } from './read-event.js';
export {
  CallFailure,
  CALLS,
  CANONICAL_CODES,
  ExplainBasis,
  ExplainEnd,
  ExplainRequest,
  ExplainResponse,
  HEALTH_CALLS,
  Positions,
  RESYNC_CALLS,
  ObjectChange,
  ResourceRequest,
  ResourceResponse,
  SAID_CALLS,
  SecondPerson,
} from './calls.js';
export type { CallContract, Owner } from './calls.js';
export { ClusterAnswer, ClusterQuestion, InForce, JudgedEnd } from './questions.js';
export { NodeReport, SupportAnswer, SupportQuestion, SupportReportRequestCreate } from './support-reports.js';
export type { Consumption, ServiceManifest } from './manifest.js';
export { API } from './api/index.js';
export { API_PARTS } from './api/parts.js';
export type { CollectionContract, CollectionContracts } from './api/collection.js';
export { EMPTY_COLLECTIONS } from './api/absent.js';
export { ERRORS, type ErrorToken } from './api/errors.js';
export { actorHref, type Reference } from './api/href.js';
export { ApiKey, ApiKeyCreate, ApiKeyCreated, ApiKeyUpdate } from './api/api-keys.js';
export { AuthSecurityPrincipalCreate, AuthSecurityPrincipalUpdate } from './api/access.js';
export { PermissionCreate, PermissionUpdate, WantedScope } from './api/access.js';
export {
  ServiceAccountCreate,
  ServiceAccountKeyCreate,
  ServiceAccountUpdate,
} from './api/service-accounts.js';
export type { AccountApiKey, ServiceAccount, ShownPermission } from './api/service-accounts.js';
export { type AccessRestriction, AccessRestrictionCreate } from './api/access-restrictions.js';
export { AccessRestrictionUpdate, type AccessWay } from './api/access-restrictions.js';
export { MOST_TRUSTED_PROXIES, TrustedProxiesUpdate } from './api/access-restrictions.js';
export { AuthenticationSettingsUpdate, OptionalFeaturesUpdate } from './api/settings.js';
export { OrganisationSettingsUpdate, PasswordPolicyUpdate } from './api/settings.js';
export type { OptionalFeature, OrganisationSettings, PasswordPolicy } from './api/settings.js';
export { Login, PasswordChange, User, UserCreate, UserUpdate } from './api/users.js';
export {
  EdgeExchange,
  EdgePair,
  ExplainBody,
  ResyncBody,
  Health,
  Job,
  ProductVersion,
} from './api/gateway.js';
export {
  SyslogDestination,
  SyslogDestinationCreate,
  SyslogDestinationUpdate,
} from './api/syslog-destinations.js';
export { AuditEvent, EventQuery, EventSettings, EventSettingsUpdate } from './api/events.js';
export { BULK_MAX, BulkBody, isBulkBody, PrincipalsBulkBody } from './api/bulk.js';
export {
  Flow,
  FlowEdge,
  FlowEdges,
  FlowQuery,
  FlowQueryItem,
  FlowQueryObject,
  FlowQueryStatus,
  MOST_EDGES,
  FlowUpload,
  StoredFlowsChoice,
} from './api/traffic-flows.js';
export { EndsSeen, FlowKind, FlowKinds, FlowKindsRequest, MOST_STORED } from './stored-flows.js';
export { ExportedNetworkPolicies, NetworkPolicyExport } from './api/network-policies.js';
export { Suggest, Suggestion, Tightness, WhatIfAnswer, WhatIfBody } from './api/policy-suggestions.js';
export { LabelCreate, LabelUpdate } from './api/labels.js';
export { LabelDimensionCreate, LabelDimensionUpdate } from './api/label-dimensions.js';
export {
  ContainerWorkloadProfileCreate,
  ContainerWorkloadProfilesUpdate,
  ContainerWorkloadProfileUpdate,
} from './api/container-workload-profiles.js';
export type { ProfileLabelRule } from './api/container-workload-profiles.js';
export { ContainerClusterCreate, ContainerClusterUpdate } from './api/container-clusters.js';
export type { ContainerClusterEnforcement, PolicyProgressView } from './api/container-clusters.js';
export { PairingProfileCreate, PairingProfileUpdate } from './api/pairing-profiles.js';
export {
  WorkloadBulkDeleteItem,
  WorkloadBulkUpdateItem,
  WorkloadCreate,
  WorkloadInterfaceCreate,
  WorkloadsBulkImport,
  WorkloadUpdate,
} from './api/workloads.js';
export {
  AgentReassign,
  AgentUpdate,
  VenAuthenticationRecovery,
  VenRemoteAction,
  VenStatistics,
  VensUnpair,
  VensUpgrade,
  VenUpdate,
  WorkloadsReportOften,
  WorkloadsUnpair,
} from './api/vens.js';
export type { CompatibilityReport, VenProperty } from './api/vens.js';
export type { WorkloadInterface } from './api/workloads.js';
export type { ConvergenceStatus } from './api/kubernetes-workloads.js';
export { type EnforcementView, LegacyMode, VisibilityLevel } from './api/workload-parts.js';
export { TrafficCollectorCreate, TrafficCollectorUpdate } from './api/traffic-collector.js';
export type { TrafficCollectorItem } from './api/traffic-collector.js';
export { type WorkloadSettingsItem, WorkloadSettingsUpdate } from './api/workload-settings.js';
export { IpListCreate, IpListUpdate, IpListUpload } from './api/ip-lists.js';
export type { IptablesRuleBody } from './api/iptables-rules.js';
export { ServiceCreate, ServicePortBody, ServiceUpdate } from './api/services.js';
export { LabelGroupCreate, LabelGroupUpdate } from './api/label-groups.js';
export { ActorBody, IngressServiceBody, ScopeEntryBody } from './api/rule-actors.js';
export {
  DenyRuleCreate,
  DenyRuleUpdate,
  RuleCreate,
  RuleSetCreate,
  RuleSetUpdate,
  RuleUpdate,
  RULES_PER_RULE_SET_MAX,
} from './api/rule-sets.js';
export { EnforcementBoundaryCreate, EnforcementBoundaryUpdate } from './api/enforcement-boundaries.js';
export type { FirewallSettingsUpdate } from './api/firewall-settings.js';
export { VirtualServiceBulkUpdate, VirtualServiceCreate } from './api/virtual-services.js';
export type { VirtualServiceUpdate } from './api/virtual-services.js';
export { type CoverageEnd, RuleCoverage, RuleSearch, type SearchActor } from './api/policy-questions.js';
export { SecurityPrincipalCreate, SecurityPrincipalUpdate } from './api/security-principals.js';
export { type BindingBody, ServiceBindingCreate } from './api/service-bindings.js';
export { ChangeSubset, Dependencies, Impact, Provision, Restore, Revert } from './api/sec-policy.js';
export { API_RELEASE, VERSION } from './version.js';
