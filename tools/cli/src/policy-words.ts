/**
 * From the bodies of the API to the words of policy documents, the other way round than `policy-translation.ts`: what is written so can be
 * applied again. Pure. What documents have no words for is told, and left out.
 */
import { RESERVED_WORDS } from './policy-kinds.js';
import type {
  BoundaryBody,
  ActorBody,
  BindingBody,
  Described,
  FirewallBody,
  IpListBody,
  LabelGroupBody,
  LabelTypeBody,
  Reference,
  RuleBody,
  RuleSetBody,
  ServiceBody,
  VirtualServiceBody,
} from './policy-bodies.js';
import { portText, rulePortsOf } from './port-words.js';
import type { PortWords } from './port-words.js';
import { firewallWords } from './firewall-words.js';
import { virtualServiceWords } from './virtual-service-words.js';
import { briefly, idOf, said, scopeWords } from './word-forms.js';
import type { Body, FileNames, Seen, Side } from './word-forms.js';
import { ownerOf } from './policy-owner.js';

export interface PolicyWords {
  ruleSet(body: RuleSetBody): Body;
  boundary(body: BoundaryBody): Body;
  ipList(body: IpListBody): Body;
  service(body: ServiceBody): Body;
  labelGroup(body: LabelGroupBody): Body;
  labelType(body: LabelTypeBody): Body;
  virtualService(body: VirtualServiceBody, bindings: readonly BindingBody[]): Body;
  firewallSettings(body: FirewallBody): Body;
  /** Labels that were named so far, as a document lists them. */
  labels(): { key: string; value: string }[];
  /** What documents cannot say, in words. */
  unsaid(): string[];
}

export function policyWords(names: FileNames): PolicyWords {
  const labels = new Map<string, { key: string; value: string }>();
  const unsaid = new Set<string>();
  const seen = ({ key = '', value = '' }: Reference): void =>
    void labels.set(`${key}=${value}`, { key, value });
  const side = sideWords(names, seen, unsaid);
  const rules = ruleWords(names, side, unsaid);
  return {
    ...rules,
    ...objectWords(names, seen, unsaid),
    firewallSettings: (body) => firewallWords(body, { names, seen, side }),
    labels: () =>
      [...labels.values()].sort((a, b) => (`${a.key}=${a.value}` < `${b.key}=${b.value}` ? -1 : 1)),
    unsaid: () => [...unsaid],
  };
}

function ruleWords(
  names: FileNames,
  side: Side,
  unsaid: Set<string>,
): Pick<PolicyWords, 'ruleSet' | 'boundary'> {
  const common = (body: RuleBody): Body => ({
    from: side(body.consumers),
    to: side(body.providers),
    ...said({ on: body.ingress_services.map((service) => serviceWord(service, names)) }),
    ...said({
      description: body.description,
      enabled: body.enabled === false ? false : undefined,
      extra_scope: body.unscoped_consumers === true ? true : undefined,
      network: body.network_type === 'all' ? 'all' : undefined,
    }),
  });
  const rule = (body: RuleBody): Body => ({
    ...common(body),
    ...said({
      override: body.override === true ? true : undefined,
      labels_as: meaningWords(body.resolve_labels_as),
      log: body.log_flow === true ? true : undefined,
      subnets_of: body.use_workload_subnets?.map((one) => (one === 'consumers' ? 'from' : 'to')).sort(),
    }),
  });
  return {
    ruleSet: (body) => {
      const { name, description, enabled, scopes, deny_rules: denyRules = [] } = body;
      if ((body.ip_tables_rules ?? []).length > 0) unsaid.add(`rule set "${name}": iptables rules`);
      // A draft shows what its deletion would take away.
      const standing = (list: readonly RuleBody[]): Body[] =>
        list.filter(({ update_type: change }) => change !== 'delete').map(rule);
      return {
        name,
        ...said({
          owner: ownerOf('rule_sets', body),
          description,
          enabled: enabled === false ? false : undefined,
          scopes: scopes.flat().length > 0 ? scopes.map((scope) => scopeWords(scope, side)) : undefined,
          rules: standing(body.rules),
          deny_rules: standing(denyRules),
        }),
      };
    },
    boundary: (body) => ({
      name: body.name,
      ...said({ owner: ownerOf('boundaries', body) }),
      ...common(body),
    }),
  };
}

function meaningWords(as: RuleBody['resolve_labels_as']): Body | undefined {
  const word = (kinds: readonly string[] = []): string =>
    kinds.length > 1 ? 'both' : (kinds[0] ?? 'workloads');
  const [from, to] = [word(as?.consumers), word(as?.providers)];
  const words = {
    ...(from !== 'workloads' && { from }),
    ...(to !== 'workloads' && { to }),
  };
  return Object.keys(words).length === 0 ? undefined : words;
}

function objectWords(
  names: FileNames,
  seen: Seen,
  unsaid: Set<string>,
): Pick<PolicyWords, 'ipList' | 'service' | 'labelGroup' | 'labelType' | 'virtualService'> {
  return {
    ipList: (body) => ({
      name: body.name,
      ...said({
        owner: ownerOf('ip_lists', body),
        description: body.description,
        ranges: body.ip_ranges.map((range) => describedWord(rangeWord(range), range)),
        fqdns: (body.fqdns ?? []).map((one) => describedWord(one.fqdn, one)),
      }),
    }),
    service: (body) => {
      if (body.service_ports === undefined) unsaid.add(`service "${body.name}": services of Windows`);
      return {
        name: body.name,
        ...said({
          owner: ownerOf('services', body),
          description: body.description,
          description_url: body.description_url,
          process_name: body.process_name,
          ports: (body.service_ports ?? []).map(portText),
        }),
      };
    },
    labelGroup: (body) => {
      for (const { value } of body.labels) seen({ key: body.key, value: value ?? '' });
      return {
        name: body.name,
        ...said({ owner: ownerOf('label_groups', body), description: body.description, key: body.key }),
        ...said({
          labels: body.labels.map(({ value }) => value ?? '').sort(),
          groups: body.sub_groups.map(({ name = '' }) => name).sort(),
        }),
      };
    },
    labelType: ({ key, display_name: name, display_info: info = {} }) => ({
      key,
      name,
      ...said({
        icon: info['icon'],
        initial: info['initial'],
        plural: info['display_name_plural'],
        background: info['background_color'],
        foreground: info['foreground_color'],
        order: info['sort_ordinal'] === undefined ? undefined : String(info['sort_ordinal']),
      }),
    }),
    virtualService: (body, bindings) => {
      body.labels.forEach(seen);
      if (body.service_addresses.some((address) => address['network'] !== undefined))
        unsaid.add(`virtual service "${body.name}": networks of its addresses`);
      return virtualServiceWords(body, bindings, names);
    },
  };
}

/** References that say what they are called. */
const NAMED = ['label_group', 'ip_list', 'virtual_service'] as const;

function sideWords(names: FileNames, seen: Seen, unsaid: Set<string>): Side {
  const add = (words: Record<string, string[]>, key: string, value: string): void => {
    words[key] = [...(words[key] ?? []), value];
  };
  const workloadName = ({ href, name = '' }: Reference): string => names.workloads.get(idOf(href)) ?? name;
  const labelled = (words: Record<string, string[]>, label: Reference): void => {
    seen(label);
    const { key = '', value = '' } = label;
    if (RESERVED_WORDS.has(key))
      unsaid.add(`labels of the type "${key}": that word means something else in documents`);
    add(words, key, value);
  };
  const name = (words: Record<string, string[]>, actor: ActorBody): void => {
    if (actor.label !== undefined) labelled(words, actor.label);
    for (const word of NAMED) {
      const named = actor[word];
      if (named !== undefined) add(words, word, named.name ?? '');
    }
    if (actor.workload !== undefined) add(words, 'workload', workloadName(actor.workload));
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

/** A name that reads like a port says that it is a name. */
function serviceWord(service: RuleBody['ingress_services'][number], { services }: FileNames): unknown {
  if (service.href === undefined) return portWord(service);
  const name = services.get(idOf(service.href)) ?? service.name ?? service.href;
  if (name === 'All Services') return 'all';
  return name === 'all' || rulePortsOf(name) !== undefined ? { service: name } : name;
}

function describedWord(value: string, { description }: Described): unknown {
  return description ? { value, description } : value;
}

const rangeWord = ({ from_ip: from, to_ip: to, exclusion }: IpListBody['ip_ranges'][number]): string =>
  `${exclusion === true ? '!' : ''}${from}${to === undefined || to === '' ? '' : `-${to}`}`;

/** `8080/tcp`, `9000-9010/udp`, `icmp`. */
export const portWord = ({ proto = 6, ...ports }: Partial<PortWords>): string =>
  portText({ proto, ...ports });
