/**
 * From the words of a policy file to the bodies of the API, given the hrefs of what exists. Pure. A name that nobody knows is an error with its
 * place in the file; labels of the file are expected to exist by now.
 */
import { usage } from './failure.js';
import type { DenyRuleWords, ParsedPolicy, PolicyFile, RuleWords, SideWords } from './policy-file.js';
import { portsOf, servicePortsOf } from './port-words.js';

export interface KnownNames {
  /** `key=value` → href. */
  readonly labels: ReadonlyMap<string, string>;
  readonly labelGroups: ReadonlyMap<string, string>;
  readonly ipLists: ReadonlyMap<string, string>;
  readonly services: ReadonlyMap<string, string>;
  /** `namespace/name` of Kubernetes workloads, names of others. */
  readonly workloads: ReadonlyMap<string, string>;
}
type Body = Readonly<Record<string, unknown>>;
type Path = readonly PropertyKey[];
type Elements<T> = T extends readonly (infer E)[] ? E : never;

const ALL_SERVICES = 'All Services';
const NOT_LABEL_TYPES = new Set(['all', 'container_host', 'ip_list', 'label_group', 'workload', 'not']);

export interface PolicyTranslation {
  ipList(list: Elements<PolicyFile['ip_lists']>, path: Path): Body;
  service(service: Elements<PolicyFile['services']>, path: Path): Body;
  labelGroup(group: Elements<PolicyFile['label_groups']>, path: Path): Body;
  ruleSet(set: Elements<PolicyFile['rule_sets']>, path: Path): Body;
  boundary(boundary: Elements<PolicyFile['boundaries']>, path: Path): Body;
}

export function policyTranslation(known: KnownNames, at: ParsedPolicy['at']): PolicyTranslation {
  const { href, label, sides } = wordsOf(known, at);
  const rule = (given: RuleWords, path: Path): Body => ({
    ...sides(given, path),
    enabled: given.enabled,
    description: given.description ?? '',
    unscoped_consumers: given.extra_scope,
    resolve_labels_as: { consumers: ['workloads'], providers: ['workloads'] },
  });
  const denyRule = (given: DenyRuleWords, path: Path): Body => ({
    ...sides(given, path),
    enabled: given.enabled,
    description: given.description ?? '',
    unscoped_consumers: given.extra_scope,
    override: given.override,
  });
  const scope = (given: Elements<Elements<PolicyFile['rule_sets']>['scopes']>, path: Path): Body[] =>
    Object.entries(given).flatMap(([key, value]): Body[] =>
      Array.isArray(value)
        ? value.map((name) => ({ label_group: href(known.labelGroups, 'label group', name, [...path, key]) }))
        : [{ label: label(key, value as string, [...path, key]) }],
    );

  return {
    ipList: (list, path) => ({
      name: list.name,
      description: list.description ?? '',
      ip_ranges: list.ranges.map((text, index) => ipRange(text, at([...path, 'ranges', index]))),
      fqdns: list.fqdns.map((fqdn) => ({ fqdn })),
    }),
    service: (service, path) => ({
      name: service.name,
      description: service.description ?? '',
      service_ports: service.ports.map((text, index) => {
        const ports = servicePortsOf(text);
        if (ports === undefined)
          throw usage(
            `${at([...path, 'ports', index])}: "${text}" is no port; write 8080/tcp, 9000-9010/udp, icmp or all`,
          );
        return { ...ports };
      }),
    }),
    labelGroup: (group, path) => ({
      name: group.name,
      description: group.description ?? '',
      key: group.key,
      labels: group.labels.map((value, index) => label(group.key, value, [...path, 'labels', index])),
      sub_groups: group.groups.map((name, index) =>
        href(known.labelGroups, 'label group', name, [...path, 'groups', index]),
      ),
    }),
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
    }),
  };
}

/** What names, sides and services of the file are to the API. */
interface Words {
  readonly href: (
    names: ReadonlyMap<string, string>,
    kind: string,
    name: string,
    path: Path,
  ) => { href: string };
  readonly label: (key: string, value: string, path: Path) => { href: string };
  readonly sides: (rule: Pick<RuleWords, 'from' | 'to' | 'on'>, path: Path) => Body;
}

function wordsOf(known: KnownNames, at: ParsedPolicy['at']): Words {
  const href = (
    names: ReadonlyMap<string, string>,
    kind: string,
    name: string,
    path: Path,
  ): { href: string } => {
    const found = names.get(name);
    if (found === undefined)
      throw usage(`${at(path)}: there is no ${kind} "${name}"; write it into the file, or check its name`);
    return { href: found };
  };
  const label = (key: string, value: string, path: Path): { href: string } =>
    href(known.labels, 'label', `${key}=${value}`, path);

  const actors = (side: SideWords, path: Path): Body[] => {
    const given = side as Readonly<Record<string, unknown>>;
    const list = (name: string): readonly string[] => (given[name] ?? []) as readonly string[];
    const labels = labelEntries(given).flatMap(([key, values]) =>
      values.map((value) => ({ label: label(key, value, [...path, key]) })),
    );
    return [
      ...(given['all'] === true ? [{ actors: 'ams' }] : []),
      ...(given['container_host'] === true ? [{ actors: 'container_host' }] : []),
      ...list('ip_list').map((name) => ({
        ip_list: href(known.ipLists, 'IP list', name, [...path, 'ip_list']),
      })),
      ...list('label_group').map((name) => ({
        label_group: href(known.labelGroups, 'label group', name, [...path, 'label_group']),
      })),
      ...list('workload').map((name) => ({
        workload: href(known.workloads, 'workload', name, [...path, 'workload']),
      })),
      ...labels,
      ...excluded((given['not'] ?? {}) as Readonly<Record<string, readonly string[]>>, [...path, 'not']),
    ];
  };
  const excluded = (not: Readonly<Record<string, readonly string[]>>, path: Path): Body[] =>
    Object.entries(not).flatMap(([key, values]) =>
      values.map((value) =>
        key === 'label_group'
          ? { label_group: href(known.labelGroups, 'label group', value, [...path, key]), exclusion: true }
          : { label: label(key, value, [...path, key]), exclusion: true },
      ),
    );
  const services = (on: readonly string[], path: Path): Body[] =>
    on.map((text, index) => {
      const ports = portsOf(text);
      if (ports !== undefined) return { ...ports };
      const name = text === 'all' ? ALL_SERVICES : text;
      return href(known.services, 'service or port (write 8080/tcp or 9000-9010/udp)', name, [
        ...path,
        index,
      ]);
    });
  const sides = (rule: Pick<RuleWords, 'from' | 'to' | 'on'>, path: Path): Body => ({
    consumers: actors(rule.from, [...path, 'from']),
    providers: actors(rule.to, [...path, 'to']),
    ingress_services: services(rule.on, [...path, 'on']),
  });
  return { href, label, sides };
}

function labelEntries(side: Readonly<Record<string, unknown>>): [string, readonly string[]][] {
  return Object.entries(side).flatMap(([key, value]) =>
    NOT_LABEL_TYPES.has(key) || value === undefined ? [] : [[key, value as readonly string[]]],
  );
}

/** `10.0.0.0/8`, `10.0.0.1-10.0.0.9`, and `!10.1.0.0/16` to leave out. */
function ipRange(text: string, place: string): Body {
  const exclusion = text.startsWith('!');
  const [from = '', to, ...rest] = (exclusion ? text.slice(1) : text).split('-').map((part) => part.trim());
  if (from === '' || rest.length > 0 || !/^[0-9a-fA-F.:/]+$/.test(from + (to ?? ''))) {
    throw usage(
      `${place}: "${text}" is no range; write 10.0.0.0/8, 10.0.0.1-10.0.0.9, or !10.1.0.0/16 to leave out`,
    );
  }
  return { from_ip: from, ...(to === undefined ? {} : { to_ip: to }), exclusion };
}
