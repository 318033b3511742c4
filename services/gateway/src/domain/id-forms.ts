/**
 * What an id looks like, by the word of the path that it follows. Another word there is no id and means nothing: what somebody
 * takes for an action of a collection (`/workloads/unpair`) never reaches the object of that name.
 */
const INTEGER = /^[1-9][0-9]{0,17}$/;
const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;
const VERSION = /^(?:draft|active|[1-9][0-9]{0,17})$/;
/** Organisations, keys, roles: whatever their owner calls them. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,252}$/;

/** Windows calls an interface `Local Area Connection 2`, a switch `ge-0/0/1`. */
const INTERFACE = /^[^\p{C}]{1,255}$/u;

const FORMS = new Map<string, RegExp>([
  ['sec_policy', VERSION],
  ['interfaces', INTERFACE],
  ...[
    ...[
      'agents',
      'enforcement_boundaries',
      'ip_lists',
      'labels',
      'pairing_profiles',
      'rule_sets',
      'services',
    ],
    ...['access_restrictions', 'deny_rules', 'ip_tables_rules', 'sec_rules', 'users', 'login_users'],
  ].map((word) => [word, INTEGER] as const),
  ...[
    ...['container_clusters', 'container_workload_profiles', 'container_workloads', 'kubernetes_workloads'],
    ...['async_queries', 'datafiles', 'events', 'jobs', 'label_dimensions', 'label_groups', 'networks'],
    ...['service_bindings', 'vens', 'virtual_services', 'virtual_servers', 'workloads', 'system_events'],
    ...['slbs', 'discovered_virtual_servers', 'network_devices', 'network_enforcement_nodes'],
    ...['support_report_requests', 'support_reports'],
    ...['auth_security_principals', 'destinations', 'permissions', 'service_accounts', 'traffic_collector'],
  ].map((word) => [word, UUID] as const),
]);

/** Of `{…}` after this word. */
export const idForm = (word: string): RegExp => FORMS.get(word) ?? NAME;
