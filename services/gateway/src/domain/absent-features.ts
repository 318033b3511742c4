/**
 * Published paths of features that are not here. Whoever asks for one is told which feature it is of, rather than that he mistyped; what of
 * it can be said without it (there are none) is a route of its own.
 */
const ORG = '/orgs/{}';
const POLICY = `${ORG}/sec_policy/{}`;
const WORKLOAD = `${ORG}/workloads/{}`;

/** By its name in sentences: all paths that begin so. `{}` is any one word. */
const FEATURES: Readonly<Record<string, readonly string[]>> = {
  'app groups': [`${ORG}/app_groups`, `${ORG}/app_group_summary`],
  'core services': [`${ORG}/core_service_types`, `${ORG}/detected_core_services`],
  'draft verdicts of traffic queries': [`${ORG}/traffic_flows/async_queries/{}/update_rules`],
  'invitations by e-mail': ['/users/{}/local_profile/reinvite'],
  'label mapping rules': [`${ORG}/label_mapping_rules`],
  'load balancers': [
    ...[`${POLICY}/virtual_servers`, `${ORG}/slbs`, `${ORG}/discovered_virtual_servers`],
    ...[`${ORG}/network_devices`, `${ORG}/network_enforcement_nodes`],
  ],
  'log-in by LDAP or SAML': [
    ...['/authentication_settings/ldap_configs', '/authentication_settings/saml_configs'],
    '/login_proxy_ldap_configs',
  ],
  reports: [
    ...[`${ORG}/reports`, `${ORG}/report_templates`, `${ORG}/report_schedules`, `${ORG}/settings/reports`],
  ],
  'secure connect gateways': [`${POLICY}/secure_connect_gateways`],
  superclusters: ['/supercluster', `${ORG}/vens/bulk_transplant`],
  'support bundles': [`${ORG}/support_bundle_requests`],
  'upgrades of agents': [`${ORG}/software/ven`],
  vulnerabilities: [
    ...[`${ORG}/vulnerabilities`, `${ORG}/vulnerability_reports`],
    ...[`${WORKLOAD}/risk_details`, `${WORKLOAD}/detected_vulnerabilities`],
  ],
};
const PATHS = Object.entries(FEATURES).flatMap(([feature, paths]) =>
  paths.map((path) => ({ feature, words: path.split('/') })),
);

export const ABSENT_FEATURES: readonly string[] = Object.keys(FEATURES);

/** Undefined: nobody published such a path. */
export function absentFeature(path: string): string | undefined {
  const asked = path.split('/');
  const begins = (words: readonly string[]): boolean =>
    words.length <= asked.length && words.every((word, at) => word === '{}' || word === asked[at]);
  return PATHS.find(({ words }) => begins(words))?.feature;
}
