/** What kinds of policy documents there are. Apart from their schema, which few commands need. */

/** Kinds with names, of which there are many, in the order in which they need each other. */
export const NAMED_KINDS = [
  'label_groups',
  'ip_lists',
  'services',
  'virtual_services',
  'rule_sets',
  'boundaries',
] as const;
export type NamedKind = (typeof NAMED_KINDS)[number];
export const KINDS = ['label_types', ...NAMED_KINDS, 'firewall_settings'] as const;
export type Kind = (typeof KINDS)[number];
export const KIND_WORDS: Readonly<Record<Kind, string>> = {
  label_types: 'label type',
  label_groups: 'label group',
  ip_lists: 'IP list',
  services: 'service',
  virtual_services: 'virtual service',
  rule_sets: 'rule set',
  boundaries: 'boundary',
  firewall_settings: 'firewall settings',
};

/** Words of a rule's side that are no label types. */
export const SIDE_WORDS = [
  'all',
  'container_host',
  'ip_list',
  'label_group',
  'virtual_service',
  'workload',
] as const;
export type SideWord = (typeof SIDE_WORDS)[number];
/** No label type can be meant by these. */
export const RESERVED_WORDS: ReadonlySet<string> = new Set([...SIDE_WORDS, 'not']);

/** Lists of scopes in the firewall settings, as the API calls them, without `_scopes`. */
export const FIREWALL_SCOPE_WORDS = [
  'static_policy',
  'containers_inherit_host_policy',
  'blocked_connection_reject',
  'loopback_interfaces_in_policy',
  'ip_forwarding_enabled',
  'rule_hit_count_enabled',
] as const;
