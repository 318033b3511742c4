/**
 * From the words of policy documents to the bodies of the API, given the hrefs of what exists. Pure. A name that nobody knows, or that several
 * things have, is an error with its place; labels of the documents are expected to exist by now.
 */
import { usage } from './failure.js';
import type { ParsedPolicy } from './policy-documents.js';
import type {
  DenyRuleWords,
  FirewallWords,
  PolicyFile,
  RuleWords,
  ScopeWords,
  ServiceWords,
  SideWords,
} from './policy-file.js';
import { FIREWALL_SCOPE_WORDS, RESERVED_WORDS } from './policy-kinds.js';
import { rulePortsOf, servicePortsOf } from './port-words.js';
import { rangeOf } from './range-words.js';

/** Names → hrefs; a name that several things have is in `ambiguous` of its kind. */
export interface Names {
  get(name: string): string | undefined;
  readonly ambiguous: ReadonlySet<string>;
}
export interface KnownNames {
  /** `key=value` → href. */
  readonly labels: ReadonlyMap<string, string>;
  readonly labelGroups: Names;
  readonly ipLists: Names;
  readonly services: Names;
  readonly virtualServices: Names;
  /** `namespace/name` of Kubernetes workloads, names of others. */
  readonly workloads: Names;
}
export type Body = Readonly<Record<string, unknown>>;
type Path = readonly PropertyKey[];
type Elements<T> = T extends readonly (infer E)[] ? E : never;
export type VirtualServiceWords = Elements<PolicyFile['virtual_services']>;
export type BoundWords = Elements<NonNullable<VirtualServiceWords['workloads']>>;

const ALL_SERVICES = 'All Services';

export interface PolicyTranslation {
  ipList(list: Elements<PolicyFile['ip_lists']>, path: Path): Body;
  service(service: Elements<PolicyFile['services']>, path: Path): Body;
  labelGroup(group: Elements<PolicyFile['label_groups']>, path: Path): Body;
  virtualService(service: VirtualServiceWords, path: Path): Body;
  /** Without its virtual service. */
  binding(bound: BoundWords, path: Path): Body;
  ruleSet(set: Elements<PolicyFile['rule_sets']>, path: Path): Body;
  boundary(boundary: Elements<PolicyFile['boundaries']>, path: Path): Body;
  firewallSettings(settings: FirewallWords): Body;
}

export function policyTranslation(known: KnownNames, at: ParsedPolicy['at']): PolicyTranslation {
  const words = wordsOf(known, at);
  return { ...objectsOf(words, at), ...rulesOf(words) };
}

function objectsOf(
  { href, label, scope }: Words,
  at: ParsedPolicy['at'],
): Pick<
  PolicyTranslation,
  'ipList' | 'service' | 'labelGroup' | 'virtualService' | 'binding' | 'firewallSettings'
> {
  return {
    ipList: (list) => ({
      name: list.name,
      description: list.description ?? '',
      ip_ranges: list.ranges.map(({ value, description = '' }) => ({ ...rangeOf(value), description })),
      fqdns: list.fqdns.map(({ value, description = '' }) => ({ fqdn: value, description })),
    }),
    service: (service) => ({
      name: service.name,
      description: service.description ?? '',
      description_url: service.description_url ?? '',
      process_name: service.process_name ?? '',
      service_ports: service.ports.map((text) => ({ ...servicePortsOf(text) })),
    }),
    labelGroup: (group, path) => ({
      name: group.name,
      description: group.description ?? '',
      key: group.key,
      labels: group.labels.map((value, index) => label(group.key, value, [...path, 'labels', index])),
      sub_groups: group.groups.map((name, index) => href('labelGroups', name, [...path, 'groups', index])),
    }),
    virtualService: (one, path) => ({
      name: one.name,
      description: one.description ?? '',
      apply_to: one.apply_to,
      labels: Object.entries(one.labels).map(([key, value]) => label(key, value, [...path, 'labels', key])),
      ...(one.service === undefined
        ? { service_ports: one.ports.map((text) => ({ ...servicePortsOf(text) })) }
        : { service: href('services', one.service, [...path, 'service']) }),
      service_addresses: one.addresses.map((address, index) => ({
        ...address,
        ...('port' in address &&
          address.port !== undefined && {
            port: portNumber(address.port, at([...path, 'addresses', index])),
          }),
      })),
      ip_overrides: one.overrides,
    }),
    binding: ({ workload, ports }, path) => ({
      workload: href('workloads', workload, [...path, 'workload']),
      port_overrides: Object.entries(ports).map(([from, to]) => override(from, to, at([...path, 'ports']))),
    }),
    firewallSettings: (settings) => firewallBody(settings, { label, scope }),
  };
}

function firewallBody(settings: FirewallWords, { label, scope }: Pick<Words, 'label' | 'scope'>): Body {
  const root = ['firewall_settings'];
  const scopes = (field: FirewallScope): Body[][] =>
    settings[field].map((one, index) => scope(one, [...root, field, index]));
  return {
    firewall_coexistence: settings.coexistence.map(({ scope: given, primary, state }, index) => ({
      scope: Object.entries(given).flatMap(([key, values]) =>
        values.map((value) => label(key, value, [...root, 'coexistence', index, 'scope', key])),
      ),
      illumio_primary: primary,
      ...(state !== undefined && { workload_mode: state }),
    })),
    ...Object.fromEntries(FIREWALL_SCOPE_WORDS.map((field) => [`${field}_scopes`, scopes(field)])),
    ike_authentication_type: settings.ike_authentication,
    allow_captive_portal_outbound: settings.captive_portal,
  };
}

type FirewallScope = (typeof FIREWALL_SCOPE_WORDS)[number];

function rulesOf({ sides, scope }: Words): Pick<PolicyTranslation, 'ruleSet' | 'boundary'> {
  const rule = (given: RuleWords, path: Path): Body => ({
    ...sides(given, path),
    enabled: given.enabled,
    description: given.description ?? '',
    unscoped_consumers: given.extra_scope,
    network_type: given.network,
    log_flow: given.log,
    use_workload_subnets: given.subnets_of.map((side) => (side === 'from' ? 'consumers' : 'providers')),
    resolve_labels_as: {
      consumers: meant(given.labels_as.from),
      providers: meant(given.labels_as.to),
    },
  });
  const denyRule = (given: DenyRuleWords, path: Path): Body => ({
    ...sides(given, path),
    enabled: given.enabled,
    description: given.description ?? '',
    unscoped_consumers: given.extra_scope,
    network_type: given.network,
    override: given.override,
  });
  return {
    ruleSet: (set, path) => ({
      name: set.name,
      description: set.description ?? '',
      enabled: set.enabled,
      scopes:
        set.scopes.length === 0
          ? [[]]
          : set.scopes.map((given, index) => scope(given, [...path, 'scopes', index])),
      rules: set.rules.map((given, index) => rule(given, [...path, 'rules', index])),
      deny_rules: set.deny_rules.map((given, index) => denyRule(given, [...path, 'deny_rules', index])),
    }),
    boundary: (boundary, path) => ({
      name: boundary.name,
      enabled: boundary.enabled,
      ...sides(boundary, path),
      network_type: boundary.network,
    }),
  };
}

const meant = (words: RuleWords['labels_as']['from']): string[] =>
  words === 'both' ? ['workloads', 'virtual_services'] : [words];

const KIND_NAMES = {
  labelGroups: 'label group',
  ipLists: 'IP list',
  services: 'service or port (write 8080/tcp or 9000-9010/udp)',
  virtualServices: 'virtual service',
  workloads: 'workload',
} as const;
type Kind = keyof typeof KIND_NAMES;

/** What names, sides, scopes and services of documents are to the API. */
interface Words {
  readonly href: (kind: Kind, name: string, path: Path) => { href: string };
  readonly label: (key: string, value: string, path: Path) => { href: string };
  readonly scope: (scope: ScopeWords, path: Path) => Body[];
  readonly sides: (rule: Pick<RuleWords, 'from' | 'to' | 'on'>, path: Path) => Body;
}

function wordsOf(known: KnownNames, at: ParsedPolicy['at']): Words {
  const href: Words['href'] = (kind, name, path) => {
    const found = known[kind].get(name);
    if (known[kind].ambiguous.has(name))
      throw usage(`${at(path)}: several are called "${name}": ${KIND_NAMES[kind]}; which one cannot be said`);
    if (found === undefined) throw unknown(at(path), KIND_NAMES[kind], name);
    return { href: found };
  };
  const label: Words['label'] = (key, value, path) => {
    const found = known.labels.get(`${key}=${value}`);
    if (found === undefined) throw unknown(at(path), 'label', `${key}=${value}`);
    return { href: found };
  };
  const entries = (words: object, path: Path, rest: Body): Body[] =>
    Object.entries(words as Record<string, readonly string[] | string>).flatMap(([key, values]) => {
      if (RESERVED_WORDS.has(key) && key !== 'label_group') return [];
      return [values]
        .flat()
        .map((value) =>
          key === 'label_group'
            ? { label_group: href('labelGroups', value, [...path, key]), ...rest }
            : { label: label(key, value, [...path, key]), ...rest },
        );
    });
  const withExclusions = (words: { readonly not?: object | undefined }, path: Path): Body[] => [
    ...entries(words, path, {}),
    ...entries(words.not ?? {}, [...path, 'not'], { exclusion: true }),
  ];
  const actors = (side: SideWords, path: Path): Body[] => {
    const given = side as Readonly<Record<string, unknown>>;
    const named = (word: 'ip_list' | 'workload' | 'virtual_service', kind: Kind): Body[] =>
      ((given[word] ?? []) as readonly string[]).map((name) => ({
        [word]: href(kind, name, [...path, word]),
      }));
    return [
      ...(given['all'] === true ? [{ actors: 'ams' }] : []),
      ...(given['container_host'] === true ? [{ actors: 'container_host' }] : []),
      ...named('ip_list', 'ipLists'),
      ...named('virtual_service', 'virtualServices'),
      ...named('workload', 'workloads'),
      ...withExclusions(given, path),
    ];
  };
  const service = (words: ServiceWords, path: Path): Body => {
    const ports = typeof words === 'string' ? rulePortsOf(words) : undefined;
    if (ports !== undefined) return { ...ports };
    const name = typeof words === 'string' ? words : words.service;
    return href('services', words === 'all' ? ALL_SERVICES : name, path);
  };
  const sides: Words['sides'] = (rule, path) => ({
    consumers: actors(rule.from, [...path, 'from']),
    providers: actors(rule.to, [...path, 'to']),
    ingress_services: rule.on.map((words, index) => service(words, [...path, 'on', index])),
  });
  return { href, label, sides, scope: withExclusions };
}

const unknown = (place: string, kind: string, name: string): Error =>
  usage(`${place}: there is no ${kind} "${name}"; write it into a document, or check its name`);

function portNumber(text: string, place: string): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535) throw usage(`${place}: "${text}" is no port`);
  return Number(text);
}

/** `8080/tcp` answered on `9090`, or on `9090-9099`. */
function override(from: string, to: string, place: string): Body {
  const { proto, port } = servicePortsOf(from) ?? {};
  const [, first, last] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(to) ?? [];
  if (port === undefined || first === undefined)
    throw usage(`${place}: "${from}: ${to}": write such as { 8080/tcp: 9090 }`);
  return {
    port,
    proto,
    new_port: portNumber(first, place),
    ...(last !== undefined && { new_to_port: portNumber(last, place) }),
  };
}
