/** Examples of what people write, by the name of the schema; the others are made of it (`example.renderer.ts`). */
const UUID = 'aaaaaaaa-0000-4000-8000-000000000001';
const LABEL = { href: '/orgs/1/labels/7' };
const DRAFT = '/orgs/1/sec_policy/draft';
const WEB = { proto: 6, port: 443 };
const BOUNDED = { providers: [{ label: LABEL }], consumers: [{ actors: 'ams' }], ingress_services: [WEB] };
const RULE = {
  ...BOUNDED,
  resolve_labels_as: { providers: ['workloads'], consumers: ['workloads'] },
};
const SUBSET = { change_subset: { rule_sets: [{ href: `${DRAFT}/rule_sets/3` }] } };
const RANGES = { ip_ranges: [{ from_ip: '10.0.0.0/8' }, { from_ip: '10.9.0.0/16', exclusion: true }] };
const EDGE = {
  src: { workload: { href: `/orgs/1/kubernetes_workloads/${UUID}` }, name: 'shop/web' },
  dst: { ip: '192.0.2.7' },
  service: WEB,
  num_connections: 12,
  last_detected: '2026-01-31T12:00:00.000Z',
};
const ANYBODY = { include: [], exclude: [] };
const QUERY = {
  query_name: 'Into the shop',
  start_date: '2026-01-30T00:00:00Z',
  end_date: '2026-01-31T00:00:00Z',
  sources: ANYBODY,
  destinations: { include: [[{ label: LABEL }]], exclude: [] },
  services: ANYBODY,
  policy_decisions: ['blocked', 'potentially_blocked'],
  max_results: 1_000,
};

const EVENT = {
  ...{ href: `/orgs/1/events/${UUID}`, event_id: UUID, event_type: 'label.update', severity: 'info' },
  ...{ timestamp: '2026-01-31T12:00:00.000Z', pce_fqdn: 'ringfence.example', status: 'success' },
  created_by: { user: { href: '/users/1', username: 'api_1a2b3c4d5e6f' } },
  action: {
    ...{ uuid: UUID, api_endpoint: '/api/v2/orgs/1/labels/7', api_method: 'PUT', http_status_code: 204 },
    ...{ src_ip: '192.0.2.7', info: {}, errors: [] },
  },
  resource_changes: [
    {
      uuid: UUID,
      resource: { label: { ...LABEL, key: 'app', value: 'shop' } },
      change_type: 'update',
      changes: { value: { before: 'shop', after: 'webshop' } },
    },
  ],
  notifications: [],
};

const SYSLOG = {
  ...{ pce_scope: [], type: 'remote_syslog', description: 'The SIEM' },
  audit_event_logger: {
    ...{ configuration_event_included: true, system_event_included: true, min_severity: 'informational' },
  },
  traffic_event_logger: {
    traffic_flow_allowed_event_included: false,
    traffic_flow_potentially_blocked_event_included: false,
    traffic_flow_blocked_event_included: true,
  },
  node_status_logger: { node_status_included: false },
  remote_syslog: {
    ...{ address: 'siem.example.com', port: 6514, protocol: 6, tls_enabled: true, tls_verify_cert: true },
  },
};

export const EXAMPLES: Readonly<Record<string, unknown>> = {
  Actor: { label: LABEL },
  ScopeEntry: { label: LABEL },
  IngressService: WEB,
  AgentOfTheOlderFormUpdate: { agent: { config: { mode: 'illuminated', log_traffic: true } } },
  AuthSecurityPrincipalCreate: { name: 'ada@example.com', type: 'user' },
  AuthSecurityPrincipalUpdate: { display_name: 'Ada' },
  PermissionCreate: {
    role: { href: '/orgs/1/roles/read_only' },
    scope: [],
    auth_security_principal: { href: `/orgs/1/auth_security_principals/${UUID}` },
  },
  PermissionUpdate: { role: { href: '/orgs/1/roles/admin' } },
  UserCreate: { username: 'ada@example.com', full_name: 'Ada Lovelace' },
  BulkBody: [{ name: 'web-1' }],
  PrincipalsBulkBody: [{ sid: 'S-1-5-21-1004336348-1177238915', name: 'Operators' }],
  Event: EVENT,
  FlowEdge: EDGE,
  FlowEdgeEnd: EDGE.src,
  FlowQueryItem: { label: LABEL },
  ServicePort: { proto: 6, port: 8000, to_port: 8099 },

  ServiceAccountCreate: {
    name: 'Pipeline',
    permissions: [{ role: { href: '/orgs/1/roles/admin' }, scope: [] }],
    api_key: { expires_in_seconds: 'default' },
  },
  ServiceAccountUpdate: { permissions: [{ role: { href: '/orgs/1/roles/read_only' }, scope: [] }] },
  ServiceAccountKeyCreate: { expires_in_seconds: 86_400 },
  OrganisationSettingsUpdate: { max_api_key_expiration_in_seconds: 2_592_000 },
  AccessRestrictionCreate: { name: 'Offices', ips: ['192.0.2.0/24', '2001:db8::/32'] },
  AccessRestrictionUpdate: { enforcement_exclusions: ['api_keys'] },
  TrustedProxiesUpdate: { trusted_proxy_ips: [{ pce_fqdn: null, ip: '10.0.0.7' }] },
  PasswordPolicyUpdate: { min_length: 16, session_timeout_minutes: 30 },
  OptionalFeatureUpdate: [
    { name: 'container_cluster_label_set_based_kubernetes_workload_instructions', enabled: true },
  ],
  AuthenticationSettingsUpdate: { authentication_type: 'Local' },
  ApiKeyCreate: { name: 'Terraform', role: 'owner' },
  ApiKeyUpdate: { description: 'Used by the pipeline' },
  ContainerClusterCreate: { name: 'production' },
  ContainerClusterUpdate: { description: 'In Frankfurt' },
  ContainerWorkloadProfileCreate: { namespace: 'shop', managed: true, assign_labels: [LABEL] },
  ContainerWorkloadProfileUpdate: { managed: true, enforcement_mode: 'full' },
  ContainerWorkloadProfileBulkUpdate: {
    container_workload_profiles: [
      { href: `/orgs/1/container_clusters/${UUID}/container_workload_profiles/${UUID}` },
    ],
    enforcement_mode: 'visibility_only',
  },
  DenyRuleCreate: BOUNDED,
  DenyRuleUpdate: { override: true },
  EdgeCredentialPair: {
    ...{ cluster: UUID, token: '1_0a1b2c…', pairingKey: '0a1b2c…', machineId: '4c4c4544', version: '0.1.0' },
    publicKey: `U${'A'.repeat(55)}`,
  },
  EdgeCredentialExchange: { cluster: UUID, token: '1_0a1b2c…' },
  EnforcementBoundaryCreate: { name: 'Nobody into the shop', ...BOUNDED },
  EnforcementBoundaryUpdate: { enabled: false },
  EventSettingsUpdate: { audit_event_retention_seconds: 2_592_000, format: 'CEF' },
  ExplanationExplain: { from: 'shop/web', to: 'shop/database', port: 5432 },
  FirewallSettingsUpdate: { firewall_coexistence: [{ scope: [LABEL], illumio_primary: true }] },
  IpListCreate: { name: 'Offices', ...RANGES },
  IpListUpdate: RANGES,
  LogInAuthenticate: { one_time_password: '' },
  LogInChangePassword: { password: 'correct horse battery' },
  LabelCreate: { key: 'app', value: 'shop' },
  LabelUpdate: { value: 'webshop' },
  LabelGroupCreate: { name: 'Shops', key: 'app', labels: [LABEL] },
  LabelGroupUpdate: { labels: [LABEL] },
  LabelTypeCreate: { key: 'team', display_name: 'Team' },
  LabelTypeUpdate: { display_name: 'Teams' },
  PairingProfileCreate: { name: 'Nodes', enabled: true, labels: [LABEL] },
  PairingProfileUpdate: { enabled: false },
  PolicyVersionDependencies: { operation: 'commit', ...SUBSET },
  PolicyVersionImpact: SUBSET,
  PolicyVersionNetworkPolicies: {
    namespaces: [{ name: 'shop', labels: [LABEL] }],
    pod_labels: { role: 'app.kubernetes.io/component' },
  },
  PolicyVersionProvision: { update_description: 'The shop’s ring-fence', ...SUBSET },
  PolicyVersionRevert: SUBSET,
  PolicyVersionRuleCoverage: [
    {
      source: { labels: [LABEL] },
      destination: { actors: 'ams' },
      services: [{ port: 443, protocol: 6 }],
    },
  ],
  PolicyVersionRuleSearch: { providers: [{ label: LABEL }], resolve_actors: true },
  PolicyVersionSuggest: { edges: [EDGE], tightness: 'role' },
  PolicyVersionWhatIf: { edges: [EDGE], modes: [{ namespace: 'shop', enforcement_mode: 'full' }] },
  RuleCreate: RULE,
  RuleUpdate: { enabled: false },
  RuleSetCreate: { name: 'Shop', scopes: [[{ label: LABEL }]], rules: [RULE] },
  RuleSetUpdate: { description: 'Everything about the shop' },
  SecurityPrincipalCreate: { sid: 'S-1-5-21-1004336348-1177238915', name: 'Operators' },
  SecurityPrincipalUpdate: { description: 'On call' },
  ServiceBindingCreate: [
    {
      virtual_service: { href: `/orgs/1/sec_policy/active/virtual_services/${UUID}` },
      workload: { href: `/orgs/1/workloads/${UUID}` },
    },
  ],
  ServiceCreate: { name: 'Web', service_ports: [WEB, { proto: 17, port: 443 }] },
  ServiceUpdate: { service_ports: [{ proto: 6, port: 8000, to_port: 8099 }] },
  SyslogDestinationCreate: SYSLOG,
  SyslogDestinationUpdate: { remote_syslog: SYSLOG.remote_syslog },
  TrafficQueryCreate: QUERY,
  UploadedFlowUpload: '192.0.2.7,10.0.0.9,443,6\n192.0.2.8,10.0.0.9,53,17\n',
  UserUpdate: { full_name: 'Ada Lovelace' },
  VirtualServiceCreate: { name: 'Database', service_ports: [{ proto: 6, port: 5432 }], labels: [LABEL] },
  VirtualServiceUpdate: { service_addresses: [{ ip: '192.0.2.7' }] },
  WorkloadCreate: {
    name: 'printer-1',
    hostname: 'printer-1.example.com',
    interfaces: [{ name: 'eth0', address: '192.0.2.7' }],
    labels: [LABEL],
  },
  WorkloadUpdate: { labels: [LABEL] },
};
