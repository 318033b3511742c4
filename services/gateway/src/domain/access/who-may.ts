/**
 * Who may do what: the one table. What it does not name is closed: owners and administrators change, whoever has a role for it reads. A route that
 * somebody adds is judged by it without being named here.
 */
import type { Route } from '../route.js';
import type { Grant, Role } from './roles.js';

const OWNER: readonly Role[] = ['owner'];
const ADMINISTRATORS: readonly Role[] = [...OWNER, 'admin'];
const RULE_WRITERS: readonly Role[] = [...ADMINISTRATORS, 'ruleset_manager', 'limited_ruleset_manager'];
const WORKLOAD_WRITERS: readonly Role[] = [...ADMINISTRATORS, 'workload_manager'];
const READERS: readonly Role[] = [
  ...WORKLOAD_WRITERS,
  ...(['read_only', 'global_object_provisioner', 'ruleset_provisioner'] as const),
  ...(['ruleset_manager', 'limited_ruleset_manager'] as const),
];
/** Sees rule sets in his scope and what rules are made of, and nothing else. */
const RULE_READERS: readonly Role[] = [...READERS, 'ruleset_viewer'];
/** Whoever is known at all: it concerns himself. */
const ANYBODY = 'anybody';
type Who = readonly Role[] | typeof ANYBODY;

/** By `<collection> <op>`, else `<collection> read` or `write`, else the default. */
const WHO: Readonly<Record<string, Who>> = {
  'noop get': ANYBODY,
  'product_version get': ANYBODY,
  'users login': ANYBODY,
  'users logout': ANYBODY,
  'login_users write': ANYBODY,
  'login_users read': ANYBODY,
  'users/api_keys read': ANYBODY,
  'users/api_keys write': [...RULE_WRITERS, 'workload_manager', ...provisioners()],
  'jobs read': ANYBODY,
  'jobs write': ANYBODY,
  'datafiles read': ANYBODY,
  'roles read': RULE_READERS,
  'optional_features read': RULE_READERS,
  'settings read': RULE_READERS,

  ...ownerOnly('users', 'users/local_profile', 'users/orgs', 'api_keys', 'service_accounts'),
  ...ownerOnly('service_accounts/api_keys', 'permissions', 'auth_security_principals'),
  ...ownerOnly('access_restrictions', 'authentication_settings', 'authentication_settings/password_policy'),
  ...ownerOnly('settings/syslog/destinations', 'settings/events', 'settings/traffic_collector'),
  ...ownerOnly('settings/trusted_proxy_ips'),
  'support_report_requests read': ADMINISTRATORS,
  'support_reports read': ADMINISTRATORS,
  'settings write': OWNER,
  'optional_features write': OWNER,

  ...ruleObject('labels', 'label_dimensions', 'label_groups', 'ip_lists', 'services', 'virtual_services'),
  ...ruleObject('rule_sets', 'rule_sets/sec_rules', 'rule_sets/deny_rules', 'rule_sets/ip_tables_rules'),
  'rule_sets write': RULE_WRITERS,
  'rule_sets/sec_rules write': RULE_WRITERS,
  'rule_sets/deny_rules write': RULE_WRITERS,
  'rule_sets/ip_tables_rules write': RULE_WRITERS,
  'sec_policy provision': [...ADMINISTRATORS, ...provisioners()],
  'sec_policy revert': RULE_WRITERS,
  'traffic_flows/async_queries write': READERS,

  'workloads write': WORKLOAD_WRITERS,
  'workloads/interfaces write': WORKLOAD_WRITERS,
  'pairing_profiles write': WORKLOAD_WRITERS,
  'vens write': WORKLOAD_WRITERS,
  'agents write': WORKLOAD_WRITERS,
};

function provisioners(): readonly Role[] {
  return ['global_object_provisioner', 'ruleset_provisioner'];
}

function ownerOnly(...collections: readonly string[]): Record<string, Who> {
  const entries = collections.flatMap((each) => [`${each} read`, `${each} write`]);
  return Object.fromEntries(entries.map((entry) => [entry, OWNER]));
}

function ruleObject(...collections: readonly string[]): Record<string, Who> {
  return Object.fromEntries(collections.map((each) => [`${each} read`, RULE_READERS]));
}

export type RouteWords = Pick<Route, 'collection' | 'op' | 'needs'>;

export function whoMay({ collection, op, needs }: RouteWords): Who {
  const byDefault = needs === 'read' ? READERS : ADMINISTRATORS;
  return WHO[`${collection} ${op}`] ?? WHO[`${collection} ${needs}`] ?? byDefault;
}

/** `within`: only of what lies there, which its owner judges; null: of everything. */
export type Verdict =
  { readonly may: false } | { readonly may: true; readonly within: readonly Grant[] | null };

export function judge(grants: readonly Grant[], route: RouteWords): Verdict {
  const who = whoMay(route);
  if (who === ANYBODY) return { may: true, within: null };
  const fitting = grants.filter(({ role }) => who.includes(role));
  if (fitting.length === 0) return { may: false };
  const judged = fitting.filter((grant) => isJudged(grant, route));
  return { may: true, within: judged.length < fitting.length ? null : judged };
}

/** Administrators have all there is; who only reads sees all, but for a viewer of rule sets. */
function isJudged({ role }: Grant, { collection, needs }: RouteWords): boolean {
  if (ADMINISTRATORS.includes(role)) return false;
  if (collection === 'users/api_keys' || collection === 'traffic_flows/async_queries') return false;
  const isRuleSet = collection.split('/')[0] === 'rule_sets';
  if (needs === 'read') return role === 'ruleset_viewer' && isRuleSet;
  return true;
}
