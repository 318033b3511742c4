/**
 * A flow in the words of `explain`: who is at its ends by the name that is asked for, which rule decided, and why where none did. Pure.
 * A verdict and what is said beside it never contradict each other.
 */
import type { Flow } from '@ringfence/contracts';
import { essentialWords } from '@ringfence/policy-engine/essential-words';

/** `rule_sets/1/sec_rules/2` → "shop / web to api". */
export type RuleNames = ReadonlyMap<string, string>;
export const GROUPINGS = ['role', 'workload', 'pod'] as const;
export type Grouping = (typeof GROUPINGS)[number];

type End = Flow['src'];

const PROTOCOLS: Readonly<Record<number, string>> = {
  1: 'icmp',
  6: 'tcp',
  17: 'udp',
  58: 'icmp6',
  132: 'sctp',
};
const SYSTEM_NAMESPACES = new Set(['kube-system', 'kube-public', 'kube-node-lease']);

export function endName(end: End, by: Grouping = 'workload'): string {
  const name = (by === 'role' ? roleOf(end) : undefined) ?? end.workload?.name ?? end.name;
  if (name === null || name === undefined) return addressName(end);
  const namespace = namespaceOf(end);
  const full = namespace === undefined ? name : `${namespace}/${name}`;
  return by === 'pod' ? `${full} (${end.ip})` : full;
}

const roleOf = (end: End): string | undefined =>
  end.workload?.labels.find(({ key }) => key === 'role')?.value;

function addressName({ ip, ip_lists: lists = [] }: End): string {
  const [list] = lists;
  return list === undefined ? ip : `${ip} (${list.name})`;
}

export const namespaceOf = (end: End): string | undefined => end.workload?.namespace ?? end.namespace;

/** Of whom a Service stands for nobody answered: there was nobody yet, or several, or none of ours. */
export const isMereService = ({ dst }: Flow): boolean =>
  dst.service !== undefined && (dst.workload === undefined || dst.workload.kind === 'Service');

/** A Service that no workload of ours answers for goes by its own name, or by the role that it shares with those behind it. */
export function destinationName(flow: Flow, by: Grouping = 'workload'): string {
  const { service } = flow.dst;
  const hasRole = by === 'role' && roleOf(flow.dst) !== undefined;
  if (service === undefined || !isMereService(flow) || hasRole) return endName(flow.dst, by);
  return `${service.namespace}/${service.name} (service)`;
}

export function portName(flow: Flow): string {
  const { proto, port } = flow.service;
  const name = PROTOCOLS[proto] ?? String(proto);
  return flow.icmp_type === undefined
    ? `${String(port)}/${name}`
    : `${name} ${String(flow.icmp_type)}/${String(flow.icmp_code ?? 0)}`;
}

/** The rule's name, or why there is none. */
export function reasonOf(flow: Flow, names: RuleNames): string {
  const { policy_decision: verdict } = flow;
  const [deny] = [...flow.override_deny_rules, ...flow.enforcement_boundaries];
  if (deny !== undefined && verdict !== 'allowed')
    return verdict === 'blocked'
      ? ruleName(deny.href, names)
      : `${ruleName(deny.href, names)}, not enforced yet`;
  const [rule] = flow.rules;
  if (rule !== undefined && verdict === 'allowed')
    return 'href' in rule ? ruleName(rule.href, names) : essentialName(rule.essential_service_rule);
  if (verdict === 'unknown') return '-';
  return verdict === 'allowed' ? passesBecause(judgeOf(flow).workload, flow.state) : 'no rule allows it';
}

function ruleName(href: string, names: RuleNames): string {
  const ref = ruleRef(href);
  return names.get(ref) ?? ref;
}

/** What an href of a rule in force has in common with one of the draft. */
export const ruleRef = (href: string): string => href.replace(/^\/orgs\/\d+\/sec_policy\/[^/]+\//, '');

const essentialName = (name: string): string =>
  `essential: ${essentialWords(`essential/${name}`)?.purpose ?? name}`;

const judgeOf = ({ flow_direction: direction, src, dst }: Flow): End => (direction === 'inbound' ? dst : src);

function passesBecause(judge: End['workload'], state: Flow['state']): string {
  if (judge?.managed !== true) return 'not enforced by Ringfence';
  switch (judge.enforcement_mode) {
    case 'idle':
      return 'idle';
    case 'visibility_only':
      return 'visibility only';
    case 'selective':
      return 'selective: no rule denies it';
    default:
      return state === 'new' ? 'rule not reported' : 'begun before the policy changed';
  }
}

/** What every cluster has and nobody wrote a rule for: name look-ups, probes, the system's own namespaces. */
export function isInfrastructure(flow: Flow): boolean {
  const { src, dst, rules, transmission } = flow;
  const isEssential = rules.length > 0 && rules.every((rule) => 'essential_service_rule' in rule);
  const namespaces = [namespaceOf(src), namespaceOf(dst), dst.service?.namespace];
  const isApiServer = dst.service?.namespace === 'default' && dst.service.name === 'kubernetes';
  const isSystem = namespaces.some((name) => name !== undefined && SYSTEM_NAMESPACES.has(name));
  return isEssential || isApiServer || isSystem || (transmission !== 'unicast' && transmission !== undefined);
}
