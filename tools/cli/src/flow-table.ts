/** Flows as lines for people: when, who, to whom, on what, with which verdict, by which rule. */
import type { Flow } from '@ringfence/contracts';
import type { Column } from './output.js';
import { verdictColour } from './output.js';

const PROTOCOLS: Readonly<Record<number, string>> = {
  1: 'icmp',
  6: 'tcp',
  17: 'udp',
  58: 'icmp6',
  132: 'sctp',
};

export const FLOW_COLUMNS: readonly Column<Flow>[] = [
  { title: 'TIME', value: (flow) => flow.timestamp_range.last_detected.slice(0, 19).replace('T', ' ') },
  { title: 'SOURCE', value: (flow) => endName(flow.src) },
  { title: 'DESTINATION', value: destinationName },
  { title: 'PORT', value: portName },
  { title: 'VERDICT', value: (flow) => flow.policy_decision, colour: verdictColour },
  { title: 'RULE', value: ruleName },
  { title: 'CONNECTIONS', value: (flow) => String(flow.num_connections) },
];
/** For lines that come one by one: wide enough for most. */
export const FOLLOW_WIDTHS = [19, 32, 40, 9, 19, 34, 11];

export function endName(end: Flow['src']): string {
  const namespace = end.workload?.namespace ?? end.namespace;
  const name = end.workload?.name ?? end.name;
  if (name === null || name === undefined)
    return end.ip_lists?.[0] === undefined ? end.ip : `${end.ip} (${end.ip_lists[0].name})`;
  return namespace === undefined ? name : `${namespace}/${name}`;
}

function destinationName(flow: Flow): string {
  const { service } = flow.dst;
  const name = endName(flow.dst);
  if (service === undefined || name === `${service.namespace}/${service.name}`) return name;
  return flow.dst.workload === undefined
    ? `${service.namespace}/${service.name} (service)`
    : `${name} (via ${service.name})`;
}

function portName(flow: Flow): string {
  const { proto, port } = flow.service;
  const name = PROTOCOLS[proto] ?? String(proto);
  return flow.icmp_type === undefined
    ? `${String(port)}/${name}`
    : `${name} ${String(flow.icmp_type)}/${String(flow.icmp_code ?? 0)}`;
}

function ruleName(flow: Flow): string {
  const [deny] = [...flow.override_deny_rules, ...flow.enforcement_boundaries];
  if (deny !== undefined) return shortHref(deny.href);
  const [rule] = flow.rules;
  if (rule === undefined) return flow.policy_decision === 'unknown' ? '-' : 'no rule';
  return 'href' in rule ? shortHref(rule.href) : `essential: ${rule.essential_service_rule}`;
}

function shortHref(href: string): string {
  return href.replace(/^\/orgs\/\d+\/sec_policy\/[^/]+\//, '');
}
