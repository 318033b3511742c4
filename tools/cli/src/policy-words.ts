/**
 * From the bodies of the API to the words of a policy file, the other way round than `policy-translation.ts`: what is written so can be
 * applied again. Pure. What a file has no words for is told, and left out.
 */
import { protocolWord, WHOLE_PROTOCOL_WORDS } from './port-words.js';
import type { PortWords } from './port-words.js';

type Body = Readonly<Record<string, unknown>>;
interface Reference {
  readonly href?: string;
  readonly name?: string;
  readonly key?: string;
  readonly value?: string;
}
export interface ActorBody {
  readonly actors?: string;
  readonly exclusion?: boolean;
  readonly label?: Reference;
  readonly label_group?: Reference;
  readonly ip_list?: Reference;
  readonly workload?: Reference;
}
export interface RuleBody {
  readonly consumers: readonly ActorBody[];
  readonly providers: readonly ActorBody[];
  readonly ingress_services: readonly (Partial<PortWords> & Reference)[];
  readonly enabled?: boolean;
  readonly description?: string;
  readonly unscoped_consumers?: boolean;
  readonly override?: boolean;
}
export interface RuleSetBody {
  readonly name: string;
  readonly description?: string;
  readonly enabled?: boolean;
  readonly scopes: readonly (readonly ActorBody[])[];
  readonly rules: readonly RuleBody[];
  readonly deny_rules?: readonly RuleBody[];
}

export interface IpListBody {
  readonly name: string;
  readonly description?: string;
  readonly ip_ranges: readonly {
    readonly from_ip: string;
    readonly to_ip?: string;
    readonly exclusion?: boolean;
  }[];
  readonly fqdns?: readonly { readonly fqdn: string }[];
}
export interface ServiceBody {
  readonly name: string;
  readonly description?: string;
  readonly service_ports?: readonly (PortWords & { readonly icmp_type?: number | null })[];
}
export interface LabelGroupBody {
  readonly name: string;
  readonly description?: string;
  readonly key: string;
  readonly labels: readonly Reference[];
  readonly sub_groups: readonly Reference[];
}

/** What things are called in a file, by the last part of their href: draft and active are the same. */
export interface FileNames {
  readonly services: ReadonlyMap<string, string>;
  readonly workloads: ReadonlyMap<string, string>;
}
export const idOf = (href = ''): string => href.slice(href.lastIndexOf('/') + 1);

export interface PolicyWords {
  ruleSet(body: RuleSetBody): Body;
  boundary(body: RuleBody & { readonly name: string }): Body;
  ipList(body: IpListBody): Body;
  service(body: ServiceBody): Body;
  labelGroup(body: LabelGroupBody): Body;
  /** Labels that were named so far, as a file lists them. */
  labels(): { key: string; value: string }[];
  /** What a file cannot say, in words. */
  unsaid(): string[];
}

export function policyWords(names: FileNames): PolicyWords {
  const labels = new Map<string, { key: string; value: string }>();
  const unsaid: string[] = [];
  const side = sideWords(names, ({ key = '', value = '' }) => labels.set(`${key}=${value}`, { key, value }));
  const sides = (rule: RuleBody): Body => ({
    from: side(rule.consumers),
    to: side(rule.providers),
    on: rule.ingress_services.map((service) => serviceWord(service, names)),
  });
  const rule = (body: RuleBody): Body => ({
    ...sides(body),
    ...(body.description && { description: body.description }),
    ...(body.enabled === false && { enabled: false }),
    ...(body.unscoped_consumers === true && { extra_scope: true }),
    ...(body.override === true && { override: true }),
  });
  return {
    ruleSet: ({ name, description, enabled, scopes, rules, deny_rules: denyRules = [] }) => {
      if (scopes.flat().some(({ exclusion }) => exclusion === true))
        unsaid.push(`rule set "${name}": a scope that leaves something out`);
      const said = scopes.map(side).filter((scope): scope is Body => typeof scope !== 'string');
      return {
        name,
        ...(description && { description }),
        ...(enabled === false && { enabled: false }),
        ...(scopes.flat().length > 0 && { scopes: said.map(singleValues) }),
        ...(rules.length > 0 && { rules: rules.map(rule) }),
        ...(denyRules.length > 0 && { deny_rules: denyRules.map(rule) }),
      };
    },
    boundary: (body) => ({
      name: body.name,
      ...(body.enabled === false && { enabled: false }),
      ...sides(body),
    }),
    ipList: ({ name, description, ip_ranges: ranges, fqdns = [] }) => ({
      name,
      ...(description && { description }),
      ...(ranges.length > 0 && { ranges: ranges.map(rangeWord) }),
      ...(fqdns.length > 0 && { fqdns: fqdns.map(({ fqdn }) => fqdn) }),
    }),
    service: ({ name, description, service_ports: ports = [] }) => {
      if (ports.some((port) => typeof port.icmp_type === 'number'))
        unsaid.push(`service "${name}": types of ICMP`);
      return { name, ...(description && { description }), ports: ports.map(portWord) };
    },
    labelGroup: ({ name, description, key, labels: members, sub_groups: groups }) => ({
      name,
      ...(description && { description }),
      key,
      ...(members.length > 0 && {
        labels: members.map((member) => {
          labels.set(`${key}=${member.value ?? ''}`, { key, value: member.value ?? '' });
          return member.value;
        }),
      }),
      ...(groups.length > 0 && { groups: groups.map((group) => group.name) }),
    }),
    labels: () =>
      [...labels.values()].sort((a, b) => (`${a.key}=${a.value}` < `${b.key}=${b.value}` ? -1 : 1)),
    unsaid: () => unsaid,
  };
}

function sideWords(
  names: FileNames,
  seen: (label: Reference) => unknown,
): (actors: readonly ActorBody[]) => Body | string {
  const add = (words: Record<string, string[]>, key: string, value: string): void => {
    words[key] = [...(words[key] ?? []), value];
  };
  const workloadName = ({ href, name = '' }: Reference): string => names.workloads.get(idOf(href)) ?? name;
  const name = (words: Record<string, string[]>, actor: ActorBody): void => {
    const { label, label_group: group, ip_list: list, workload } = actor;
    if (label !== undefined) {
      seen(label);
      add(words, label.key ?? '', label.value ?? '');
    }
    if (group !== undefined) add(words, 'label_group', group.name ?? '');
    if (list !== undefined) add(words, 'ip_list', list.name ?? '');
    if (workload !== undefined) add(words, 'workload', workloadName(workload));
  };
  return (actors) => {
    const [named, left]: Record<string, string[]>[] = [{}, {}];
    for (const actor of actors) name(actor.exclusion === true ? left! : named!, actor);
    const words = actors.flatMap(({ actors: word }) => word ?? []);
    if (words.includes('ams') && actors.length === 1) return 'all';
    return {
      ...(words.includes('ams') && { all: true }),
      ...(words.includes('container_host') && { container_host: true }),
      ...briefly(named!),
      ...(Object.keys(left!).length > 0 && { not: briefly(left!) }),
    };
  };
}

/** `role: web` instead of a list of one. */
const briefly = (words: Readonly<Record<string, readonly string[]>>): Body =>
  Object.fromEntries(
    Object.entries(words).map(([key, values]) => [key, values.length === 1 ? values[0] : values]),
  );

/** In a scope one type has one label. */
const singleValues = ({ not: _, ...scope }: Body): Body => scope;

function serviceWord(service: RuleBody['ingress_services'][number], { services }: FileNames): string {
  if (service.href !== undefined) {
    const name = services.get(idOf(service.href)) ?? service.name ?? service.href;
    return name === 'All Services' ? 'all' : name;
  }
  return portWord(service);
}

const rangeWord = ({ from_ip: from, to_ip: to, exclusion }: IpListBody['ip_ranges'][number]): string =>
  `${exclusion === true ? '!' : ''}${from}${to === undefined || to === '' ? '' : `-${to}`}`;

/** `8080/tcp`, `9000-9010/udp`, `icmp`. */
export function portWord({ proto = 6, port, to_port: to }: Partial<PortWords>): string {
  if (port === undefined) return WHOLE_PROTOCOL_WORDS.get(proto) ?? `protocol ${String(proto)}`;
  return `${String(port)}${to === undefined || to === port ? '' : `-${String(to)}`}/${protocolWord(proto)}`;
}
