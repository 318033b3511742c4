/** Every path of the REST API v2 that is published, or that public clients ask for, with its methods. */
import type { Method } from '../domain/route.js';

const UUID = 'aaaaaaaa-0000-4000-8000-000000000001';
const ALL = 'GET POST';
const ONE = 'GET PUT DELETE';

/** Of a collection and of one of it. */
const both = (path: string, id: string, all = ALL, one = ONE): Record<string, string> => ({
  [path]: all,
  [`${path}/${id}`]: one,
});

const POLICY: Readonly<Record<string, string>> = {
  ...both('label_groups', UUID),
  [`label_groups/${UUID}/member_of`]: 'GET',
  [`label_groups/${UUID}/all_labels`]: 'GET',
  ...both('ip_lists', '7'),
  'ip_lists/bulk_upload': 'PUT',
  ...both('services', '7'),
  ...both('virtual_services', UUID),
  'virtual_services/bulk_create': 'PUT',
  'virtual_services/bulk_update': 'PUT',
  ...both('virtual_servers', UUID),
  ...both('secure_connect_gateways', '7'),
  ...both('rule_sets', '7'),
  ...both('rule_sets/7/sec_rules', '8'),
  ...both('rule_sets/7/deny_rules', '8'),
  ...both('enforcement_boundaries', '7'),
  firewall_settings: 'GET PUT',
  dependencies: 'POST',
  allow: 'GET',
  policy_check: 'GET',
  rule_search: 'POST',
  rule_coverage: 'POST',
};

const CLUSTERS: Readonly<Record<string, string>> = {
  ...both('container_clusters', UUID),
  [`container_clusters/${UUID}/service_backends`]: 'GET',
  ...both(`container_clusters/${UUID}/container_workload_profiles`, UUID),
  [`container_clusters/${UUID}/container_workload_profiles/update`]: 'PUT',
  ...both('kubernetes_workloads', UUID, 'GET', 'GET'),
  ...both('container_workloads', UUID, 'GET', 'GET'),
};

const MACHINES: Readonly<Record<string, string>> = {
  ...both('workloads', UUID),
  ...Object.fromEntries(
    ['bulk_create', 'bulk_update', 'bulk_delete', 'bulk_import', 'unpair'].map((op) => [
      `workloads/${op}`,
      'PUT',
    ]),
  ),
  'workloads/set_flow_reporting_frequency': 'POST',
  ...both(`workloads/${UUID}/interfaces`, 'eth0', ALL, 'GET DELETE'),
  [`workloads/${UUID}/risk_details`]: 'GET',
  [`workloads/${UUID}/detected_vulnerabilities`]: 'GET',
  ...both('vens', UUID, 'GET', 'GET PUT'),
  ...Object.fromEntries(
    ['unpair', 'upgrade', 'remote_action', 'authentication_recovery', 'bulk_transplant'].map((op) => [
      `vens/${op}`,
      'PUT',
    ]),
  ),
  'vens/statistics': 'POST',
  'agents/7': 'GET PUT',
  'agents/7/update': 'PUT',
  'agents/7/compatibility_report': 'GET',
  'agents/bulk_traffic_flows': 'POST',
  ...both('pairing_profiles', '7'),
  'pairing_profiles/7/pairing_key': 'POST',
  'pairing_profiles/7/pairing_keys': 'DELETE',
  ...both('networks', UUID, 'GET', 'GET'),
  'software/ven/releases': 'GET',
};

const ORGANISATION: Readonly<Record<string, string>> = {
  ...both('labels', '7'),
  ...both('label_dimensions', UUID),
  ...both('service_bindings', UUID, ALL, 'GET DELETE'),
  sec_policy: ALL,
  'sec_policy/7': 'GET',
  'sec_policy/draft': 'GET',
  'sec_policy/active': 'GET',
  'sec_policy/pending': 'GET DELETE',
  'sec_policy/delete': 'PUT',
  'sec_policy/impact': 'POST',
  'sec_policy/7/restore': 'POST',
  'sec_policy/7/modified_objects': 'GET',
  ...both('security_principals', 'S-1-5-21-1'),
  'security_principals/bulk_create': 'PUT',
  ...both('traffic_flows/async_queries', UUID),
  [`traffic_flows/async_queries/${UUID}/download`]: 'GET',
  [`traffic_flows/async_queries/${UUID}/update_rules`]: 'PUT',
  'traffic_flows/database_metrics': 'GET',
  'traffic_flows/traffic_analysis_queries': 'POST',
  ...both('events', UUID, 'GET', 'GET'),
  ...both('jobs', UUID, 'GET', 'GET DELETE'),
  [`datafiles/${UUID}`]: 'GET',
  settings: 'GET PUT',
  'settings/workloads': 'GET PUT',
  'settings/events': 'GET PUT',
  'settings/reports': 'GET PUT',
  'settings/trusted_proxy_ips': 'GET PUT',
  ...both('settings/syslog/destinations', UUID),
  ...both('settings/traffic_collector', UUID),
  optional_features: 'GET PUT',
  ...both('permissions', UUID),
  ...both('roles', 'owner', 'GET', 'GET'),
  ...both('auth_security_principals', UUID),
  ...both('access_restrictions', '7'),
  ...both('service_accounts', UUID),
  [`service_accounts/${UUID}/api_keys`]: 'POST',
  [`service_accounts/${UUID}/api_keys/1a2b`]: 'DELETE',
  api_keys: 'GET',
  'api_keys/1a2b': 'DELETE',
  app_group_summary: 'GET',
  'app_groups/7/members': 'GET',
  ...both('vulnerabilities', 'cve-1'),
  ...both('vulnerability_reports', 'scan-1', 'GET'),
  ...both('label_mapping_rules', UUID),
  ...both('reports', UUID, ALL, 'GET PUT'),
  [`reports/${UUID}/download`]: 'GET',
  ...both('report_templates', '7', 'GET', 'GET PUT'),
  ...both('report_schedules', UUID),
  ...both('core_service_types', UUID, 'GET', 'GET'),
  ...both('detected_core_services', UUID, 'GET', 'GET PUT'),
  ...both('support_bundle_requests', UUID, ALL, 'GET DELETE'),
  ...both('support_report_requests', UUID, ALL, 'GET'),
  ...both('support_reports', UUID, 'GET', 'GET'),
  [`support_reports/${UUID}/download`]: 'GET',
  ...both('network_devices', UUID),
  ...both('network_enforcement_nodes', UUID),
  ...both('slbs', UUID),
  ...both('discovered_virtual_servers', UUID, 'GET', 'GET PUT'),
};

const ABOVE: Readonly<Record<string, string>> = {
  '/health': 'GET',
  '/node_available': 'GET',
  '/noop': 'GET',
  '/product_version': 'GET',
  '/supercluster/leader': 'GET',
  '/users': ALL,
  '/users/7': 'GET PUT',
  '/users/7/orgs': 'GET',
  '/users/7/local_profile': 'POST DELETE',
  '/users/7/local_profile/reinvite': 'PUT',
  '/users/7/local_profile/password': 'PUT',
  '/users/7/api_keys': ALL,
  '/users/7/api_keys/1a2b': ONE,
  '/users/7/logout': 'PUT',
  '/users/login': 'GET',
  '/login_users/authenticate': 'POST',
  '/login_users/7/password': 'PUT',
  '/login_users/me/password': 'PUT',
  '/authentication_settings': 'GET PUT',
  '/authentication_settings/password_policy': 'GET PUT',
  ...both('/authentication_settings/ldap_configs', UUID),
  ...both('/authentication_settings/saml_configs', UUID, 'GET', 'GET PUT'),
  ...both('/login_proxy_ldap_configs', UUID),
  ...both('/system_events', UUID, 'GET', 'GET'),
};

const below = (prefix: string, paths: Readonly<Record<string, string>>): [string, string][] =>
  Object.entries(paths).map(([path, methods]) => [`${prefix}${path}`, methods]);

export const PUBLISHED: readonly { readonly method: Method; readonly path: string }[] = [
  ...below('', ABOVE),
  ...below('/orgs/1/', { ...ORGANISATION, ...MACHINES, ...CLUSTERS }),
  ...below('/orgs/1/sec_policy/draft/', POLICY),
].flatMap(([path, methods]) => methods.split(' ').map((method) => ({ method: method as Method, path })));
