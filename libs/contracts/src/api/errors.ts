/**
 * Stable tokens of refusals that clients may see, with the canonical code that each belongs to. A token never changes
 * its meaning; which HTTP status a code becomes is the gateway's table.
 */
import type { CallFailure } from '../calls.js';

interface ErrorContract {
  readonly code: CallFailure['code'];
  readonly when: string;
}

export const ERRORS = {
  input_validation_error: {
    code: 'INVALID_ARGUMENT',
    when: 'the body or a parameter is wrong; the message names the field',
  },
  moment_not_kept: {
    code: 'INVALID_ARGUMENT',
    when: 'of a moment nothing is kept; the message names the oldest',
  },
  moment_in_future: { code: 'INVALID_ARGUMENT', when: 'what was so is asked for a moment to come' },
  unsupported_filter: {
    code: 'INVALID_ARGUMENT',
    when: 'a list is asked for by what this server does not keep; the message names the parameter',
  },
  invalid_encoding: { code: 'INVALID_ARGUMENT', when: 'the body is not UTF-8; the message names the line' },
  invalid_json: { code: 'INVALID_ARGUMENT', when: 'the body is not JSON' },
  unsupported_content_type: {
    code: 'INVALID_ARGUMENT',
    when: 'a body came with another content type than application/json',
  },
  invalid_request: { code: 'INVALID_ARGUMENT', when: 'what came is no HTTP request' },
  request_headers_too_large: { code: 'INVALID_ARGUMENT', when: 'the headers are larger than the limit' },
  request_too_large: { code: 'INVALID_ARGUMENT', when: 'the body is larger than the limit' },
  authentication_failed: { code: 'UNAUTHENTICATED', when: 'no credentials, or wrong ones' },
  api_key_expired: { code: 'UNAUTHENTICATED', when: 'an API key whose time is over' },
  address_not_permitted: {
    code: 'UNAUTHENTICATED',
    when: 'the caller’s access restriction does not name the address that the request comes from',
  },
  access_restriction_locks_out: {
    code: 'FAILED_PRECONDITION',
    when: 'who asks for it would be refused from then on, from where he is',
  },
  access_restriction_in_use: {
    code: 'FAILED_PRECONDITION',
    when: 'an access restriction is deleted that holds for somebody',
  },
  service_account_only: {
    code: 'FAILED_PRECONDITION',
    when: 'the principal of a service account is changed by itself: it goes with the service account',
  },
  feature_not_available: {
    code: 'FAILED_PRECONDITION',
    when: 'a feature or a setting is asked for that this server does not have; the message names it',
  },
  session_required: {
    code: 'PERMISSION_DENIED',
    when: 'a log-out with an API key: only a session ends by it',
  },
  password_not_acceptable: {
    code: 'INVALID_ARGUMENT',
    when: 'a new password that is the old one, holds the user name, or lacks what the password policy asks for',
  },
  last_owner: { code: 'FAILED_PRECONDITION', when: 'nobody would be left who may do everything' },
  permission_not_unique: { code: 'ALREADY_EXISTS', when: 'the same role in the same scope is given already' },
  auth_security_principal_name_not_unique: {
    code: 'ALREADY_EXISTS',
    when: 'a principal of that name and type exists',
  },
  username_not_unique: { code: 'ALREADY_EXISTS', when: 'a user of that name exists' },
  cluster_authentication_failed: {
    code: 'UNAUTHENTICATED',
    when: 'wrong cluster id, cluster token or pairing key',
  },
  cluster_suspended: {
    code: 'RESOURCE_EXHAUSTED',
    when: 'a cluster sent more than its share for so long that it is not let in for a while',
  },
  organization_not_permitted: { code: 'PERMISSION_DENIED', when: 'another organisation than 1' },
  forbidden_error: {
    code: 'PERMISSION_DENIED',
    when: 'no permission of the caller is for it, or none for these labels; or its key may only read',
  },
  cross_site_request: {
    code: 'PERMISSION_DENIED',
    when: 'a browser says that a page of another site asks for a change',
  },
  not_found_error: { code: 'NOT_FOUND', when: 'no such object' },
  invalid_uri: { code: 'NOT_FOUND', when: 'no such path' },
  feature_not_supported: {
    code: 'NOT_FOUND',
    when: 'a published path of a feature that this server does not have; the message names it',
  },
  method_not_allowed_error: {
    code: 'INVALID_ARGUMENT',
    when: 'the path is known, the method is not; or a change of other than a draft',
  },
  precondition_failed: {
    code: 'FAILED_PRECONDITION',
    when: 'If-Match names what the object is not any more: somebody has changed it since it was read (412)',
  },
  too_many_requests_error: {
    code: 'RESOURCE_EXHAUSTED',
    when: 'more requests in a minute, or more jobs, than allowed; or a bulk operation while another one is under way; or more support reports, or questions about the past, than are answered at once',
  },
  service_unavailable: {
    code: 'UNAVAILABLE',
    when: 'the part that owns the object does not answer; try again',
  },
  request_timeout: {
    code: 'DEADLINE_EXCEEDED',
    when: 'the answer took longer than its limit, and what was asked for is not done; try again or ask for less',
  },
  not_yet_heard: {
    code: 'ABORTED',
    when: 'what the same key wrote before has not arrived where it is needed; nothing was done, try again',
  },
  internal_error: {
    code: 'INTERNAL',
    when: 'a fault of ours; the message carries the request id to look for in the logs',
  },
  label_key_and_value_must_be_unique: {
    code: 'ALREADY_EXISTS',
    when: 'a label of that key and value exists',
  },
  label_already_deleted: { code: 'FAILED_PRECONDITION', when: 'second deletion of a label' },
  label_dimension_already_deleted: { code: 'FAILED_PRECONDITION', when: 'second deletion of a label type' },
  workload_already_deleted: { code: 'FAILED_PRECONDITION', when: 'second deletion of a workload' },
  label_still_has_associated_rule_set: {
    code: 'FAILED_PRECONDITION',
    when: 'a rule set, rule or boundary names the label',
  },
  label_referenced_by_label_group: { code: 'FAILED_PRECONDITION', when: 'a label group names the label' },
  label_referenced_by_permission: {
    code: 'FAILED_PRECONDITION',
    when: 'the scope of a permission names the label; the message says which',
  },
  label_group_referenced_by_permission: {
    code: 'FAILED_PRECONDITION',
    when: 'the scope of a permission names the label group; the message says which',
  },
  label_referenced_by_virtual_service: {
    code: 'FAILED_PRECONDITION',
    when: 'a virtual service carries the label',
  },
  label_referenced_by_firewall_settings: {
    code: 'FAILED_PRECONDITION',
    when: 'a scope of the firewall settings names the label',
  },
  label_still_has_associated_agent_info: {
    code: 'FAILED_PRECONDITION',
    when: 'a workload carries the label',
  },
  name_must_be_unique: {
    code: 'ALREADY_EXISTS',
    when: 'a label group or virtual service of that name exists',
  },
  ip_list_name_not_unique: {
    code: 'ALREADY_EXISTS',
    when: 'an IP list of that name exists, also while it is marked for deletion',
  },
  ip_list_referenced: { code: 'FAILED_PRECONDITION', when: 'a rule names the IP list' },
  service_referenced: { code: 'FAILED_PRECONDITION', when: 'a rule or a virtual service names the service' },
  rule_set_name_in_use: { code: 'ALREADY_EXISTS', when: 'a rule set of that name exists' },
  external_reference_not_unique: {
    code: 'ALREADY_EXISTS',
    when: 'external_data_set and external_data_reference are taken',
  },
  enforcement_boundary_name_in_use: {
    code: 'ALREADY_EXISTS',
    when: 'an enforcement boundary of that name exists',
  },
  label_group_referenced: {
    code: 'FAILED_PRECONDITION',
    when: 'a rule or another group names the label group',
  },
  virtual_service_referenced: { code: 'FAILED_PRECONDITION', when: 'a rule names the virtual service' },
  security_principal_sid_must_be_unique: {
    code: 'ALREADY_EXISTS',
    when: 'a security principal of that SID exists',
  },
  virtual_service_not_active: {
    code: 'INVALID_ARGUMENT',
    when: 'a workload is bound to a virtual service that is not provisioned',
  },
  label_group_cycle: { code: 'INVALID_ARGUMENT', when: 'label groups would hold one another in a circle' },
  rule_has_no_effect: { code: 'INVALID_ARGUMENT', when: 'a rule asks for what is not enforced (stateless)' },
  reference_not_found: {
    code: 'INVALID_ARGUMENT',
    when: 'the object names what is not there or is marked for deletion',
  },
  object_is_built_in: {
    code: 'FAILED_PRECONDITION',
    when: 'a change of an object that comes with the product',
  },
  nothing_to_provision: {
    code: 'FAILED_PRECONDITION',
    when: 'none of the chosen objects has a pending change',
  },
  commit_dependencies_missing: {
    code: 'FAILED_PRECONDITION',
    when: 'the subset needs other pending objects too; the message names them',
  },
  revert_dependencies_missing: {
    code: 'FAILED_PRECONDITION',
    when: 'other drafts need what would be reverted; the message names them',
  },
  second_person_required: {
    code: 'PERMISSION_DENIED',
    when: 'whoever provisions wrote some of it himself, and the organisation has somebody else do that; the message names what',
  },
  pending_changes: { code: 'FAILED_PRECONDITION', when: 'a version is restored while drafts are pending' },
  flow_query_not_ready: {
    code: 'FAILED_PRECONDITION',
    when: 'the download of a traffic query that is not completed',
  },
  flow_query_limit: {
    code: 'RESOURCE_EXHAUSTED',
    when: 'too many traffic queries are stored; delete some or wait',
  },
  cannot_delete_own_key: { code: 'FAILED_PRECONDITION', when: 'a key was asked to delete itself' },
  api_key_limit_exceeded: { code: 'FAILED_PRECONDITION', when: 'there are as many API keys as can be' },
  user_limit_exceeded: { code: 'FAILED_PRECONDITION', when: 'there are as many users as can be' },
  auth_security_principal_limit_exceeded: {
    code: 'FAILED_PRECONDITION',
    when: 'there are as many as can be',
  },
  permission_limit_exceeded: { code: 'FAILED_PRECONDITION', when: 'there are as many permissions as can be' },
  service_account_limit_exceeded: { code: 'FAILED_PRECONDITION', when: 'there are as many as can be' },
  label_referenced_by_container_workload_profile: {
    code: 'FAILED_PRECONDITION',
    when: 'a container workload profile fixes the label',
  },
  label_dimension_key_must_be_unique: { code: 'ALREADY_EXISTS', when: 'a label type of that key exists' },
  label_dimension_limit_exceeded: {
    code: 'FAILED_PRECONDITION',
    when: 'there are as many label types as there can be',
  },
  label_dimension_built_in: { code: 'FAILED_PRECONDITION', when: 'role, app, env and loc stay' },
  label_dimension_has_labels: { code: 'FAILED_PRECONDITION', when: 'labels are of this type' },
  container_workload_profile_namespace_must_be_unique: {
    code: 'ALREADY_EXISTS',
    when: 'the namespace has a profile',
  },
  container_workload_profile_linked: {
    code: 'FAILED_PRECONDITION',
    when: 'the namespace exists and needs its profile',
  },
  container_workload_profile_is_template: {
    code: 'FAILED_PRECONDITION',
    when: 'the default profile of a cluster stays',
  },
  container_cluster_name_must_be_unique: {
    code: 'ALREADY_EXISTS',
    when: 'a container cluster of that name exists',
  },
  container_cluster_has_connected_agents: {
    code: 'FAILED_PRECONDITION',
    when: 'agents of the cluster are connected',
  },
  pairing_profile_disabled: { code: 'FAILED_PRECONDITION', when: 'a key of a disabled pairing profile' },
  pairing_profile_is_default: { code: 'FAILED_PRECONDITION', when: 'the default pairing profile stays' },
  confirmation_required: {
    code: 'FAILED_PRECONDITION',
    when: 'full mode would end connections into the node that stand now, or administrators would be let in from less than now; the message names them, `confirm: true` does it all the same',
  },
  workload_is_managed: {
    code: 'FAILED_PRECONDITION',
    when: 'a change that only an unmanaged workload takes; its deletion is refused by method_not_allowed_error',
  },
  workload_is_not_managed: {
    code: 'FAILED_PRECONDITION',
    when: 'a workload without an agent was to be unpaired',
  },
  remote_action_not_supported: {
    code: 'FAILED_PRECONDITION',
    when: 'an agent was to do what only Kubernetes can do with it; the message says how',
  },
  upgrade_not_supported: {
    code: 'FAILED_PRECONDITION',
    when: 'agents were to be upgraded, which is the business of their DaemonSet; the message says how',
  },
  reassignment_not_supported: {
    code: 'FAILED_PRECONDITION',
    when: 'an agent was to be another server’s: it is of the cluster that vouches for its node; the message says what can be done',
  },
  duplicate_machine_id: { code: 'FAILED_PRECONDITION', when: 'nodes share a machine-id and are not paired' },
  machine_already_paired: {
    code: 'FAILED_PRECONDITION',
    when: 'this machine is paired with another key than the one that its agent shows now; unpair the node first',
  },
  agent_token_of_other_node: {
    code: 'FAILED_PRECONDITION',
    when: 'Kubernetes says that the agent is on another node than the one of the machine-id that it claims',
  },
  node_key_in_use: {
    code: 'FAILED_PRECONDITION',
    when: 'another machine is paired with the key that the agent shows: its state directory was copied',
  },
  node_not_reported: {
    code: 'FAILED_PRECONDITION',
    when: 'kubelink has not reported a node of this machine-id; try again',
  },
} as const satisfies Record<string, ErrorContract>;
export type ErrorToken = keyof typeof ERRORS;
