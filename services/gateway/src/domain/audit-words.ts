/** Which domain events the audit trail tells of, in the API's words: the thing, a dot, what happened to it. */
import { API } from '@ringfence/contracts';
import type { Envelope, EventType } from '@ringfence/contracts';

/** It happens by itself (Pods, computed labels): nobody did it. */
const NOT_AUDITED = null;
type Told = Pick<Envelope, 'type' | 'data'> & Partial<Pick<Envelope, 'actor'>>;
type Words = string | typeof NOT_AUDITED | ((data: unknown, actor?: Envelope['actor']) => string);

/** Every event that there is: a new one does not compile before it is said here whether it is audited. */
const OF_OWNERS: { readonly [T in EventType]: Words } = {
  ContainerClusterCreated: 'container_cluster.create',
  ContainerClusterChanged: 'container_cluster.update',
  ContainerClusterDeleted: 'container_cluster.delete',
  NamespaceDiscovered: NOT_AUDITED,
  NamespaceChanged: NOT_AUDITED,
  NamespaceVanished: NOT_AUDITED,
  KubernetesWorkloadDiscovered: NOT_AUDITED,
  KubernetesWorkloadChanged: NOT_AUDITED,
  KubernetesWorkloadVanished: NOT_AUDITED,
  // Of a node, its agent's pairing.
  WorkloadCreated: (data) =>
    (data as { managed?: boolean }).managed === true ? 'agent.activate' : 'workload.create',
  WorkloadChanged: ofWorkload,
  WorkloadDeleted: 'workload.delete',
  PairingProfileCreated: 'pairing_profile.create',
  PairingProfileChanged: 'pairing_profile.update',
  PairingProfileDeleted: 'pairing_profile.delete',
  PairingKeyIssued: 'pairing_profile.create_pairing_key',
  PairingKeysRevoked: 'pairing_profile.delete_pairing_keys',
  AgentRefused: 'agent.refuse',
  EnforcementLost: 'enforcement.lost',
  EnforcementRestored: 'enforcement.restored',
  LabelCreated: 'label.create',
  LabelChanged: 'label.update',
  LabelDeleted: 'label.delete',
  LabelTypeCreated: 'label_dimension.create',
  LabelTypeChanged: 'label_dimension.update',
  LabelTypeDeleted: 'label_dimension.delete',
  ProfileCreated: 'container_workload_profile.create',
  ProfileChanged: 'container_workload_profile.update',
  ProfileDeleted: 'container_workload_profile.delete',
  EntityLabelled: NOT_AUDITED,
  EntityUnlabelled: NOT_AUDITED,
  PolicyObjectDrafted: ofPolicyObject,
  PolicyRulesDrafted: ofPolicyObject,
  PolicyObjectReverted: 'sec_policy_pending.delete',
  PolicyProvisioned: 'sec_policy.create',
  ServiceBound: 'service_binding.create',
  ServiceUnbound: 'service_binding.delete',
  SecurityPrincipalWritten: 'security_principal.update',
  SecurityPrincipalDeleted: 'security_principal.delete',
  SecondPersonChanged: 'organisation_settings.update',
};
const OF_THE_GATEWAY: Readonly<Record<string, Words>> = {
  ApiKeyCreated: 'api_key.create',
  ApiKeyChanged: 'api_key.update',
  ApiKeyRevoked: 'api_key.delete',
  UserCreated: 'user.create',
  UserChanged: 'user.update',
  UserDeleted: 'user.delete',
  UserPasswordChanged: 'user.update_password',
  UserPasswordReset: 'user.reset_password',
  ...wordsOfRecord('Permission', 'permission'),
  ...wordsOfRecord('AuthSecurityPrincipal', 'auth_security_principal'),
  ...wordsOfRecord('AccessRestriction', 'access_restriction'),
  UserSignedIn: 'user.sign_in',
  UserSignedOut: 'user.sign_out',
};
const WORDS = new Map<string, Words>(Object.entries({ ...OF_THE_GATEWAY, ...OF_OWNERS }));

function wordsOfRecord(type: string, word: string): Record<string, Words> {
  return {
    [`${type}Created`]: `${word}.create`,
    [`${type}Changed`]: `${word}.update`,
    [`${type}Deleted`]: `${word}.delete`,
  };
}

/** The API's event type; null: the trail does not tell of it. */
export function auditedAs({ type, data, actor }: Told): string | null {
  const words = WORDS.get(type) ?? NOT_AUDITED;
  return typeof words === 'function' ? words(data, actor) : words;
}

/** The system itself changes of workloads only whether their hosts are lost to their peers. */
function ofWorkload(data: unknown, actor?: Envelope['actor']): string {
  if (actor?.kind !== 'system') return 'workload.update';
  return (data as { lost?: boolean }).lost === true ? 'system_task.agent_offline_check' : 'lost_agent.found';
}

/** `ip_lists` are audited as `ip_list.create`; what there is one of keeps its word: `firewall_settings.update`. */
function ofPolicyObject(data: unknown): string {
  const { type, updateType } = data as { type: string; updateType: string };
  const isSingle = API[type]?.create === undefined;
  return `${isSingle ? type : type.replace(/ies$/, 'y').replace(/s$/, '')}.${updateType}`;
}
