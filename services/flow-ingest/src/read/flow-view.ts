/**
 * A stored flow as the API shows it: ids become hrefs, label ids become keys and values, verdict codes become words. Labels are those
 * of the time of the flow; their values are read as they are called now.
 */
import { BlockList, isIP } from 'node:net';
import type { Flow, IpRange } from '@ringfence/contracts';
import type { Names } from './names.projection.js';

export const VERDICTS = ['unknown', 'allowed', 'potentially_blocked', 'blocked'] as const;

interface EndRow {
  readonly cluster: string;
  readonly workload: string | null;
  readonly kind: string | null;
  readonly name: string | null;
  readonly namespace: string | null;
  readonly labels: readonly string[];
  readonly mode: string | null;
  readonly managed: boolean;
  readonly service: string | null;
}
type Side = 'out' | 'in';
type SideRow = {
  readonly [K in `${Side}_${'verdict' | 'connections' | 'bytes_out' | 'bytes_in'}`]: number | null;
} & {
  readonly [K in `${Side}_${'rule' | 'class' | 'state'}`]: string | null;
} & { readonly [K in `${Side}_at`]: Date | null };
export interface FoundFlow extends SideRow {
  readonly proto: number;
  readonly port: number;
  readonly policy_version: number;
  readonly verdict: number | null;
  readonly src_ip: string;
  readonly dst_ip: string;
  readonly vip: string | null;
  readonly vip_port: number | null;
  readonly vip_service: string | null;
  readonly first_at: Date;
  readonly last_at: Date;
  readonly source: EndRow;
  readonly destination: EndRow;
}

const ICMP = new Set([1, 58]);
/** Kinds that are workloads of the control plane; every other workload is a Kubernetes workload. */
const HOST_KINDS = new Set(['Node', 'Workload']);

export type FlowView = (found: FoundFlow) => Flow;

export function flowView(names: Names): FlowView {
  const lists = [...names.ipLists.values()].map((list) => ({ list, contains: membership(list.ranges) }));
  const end = (row: EndRow, ip: string): Flow['src'] => {
    if (row.workload !== null) return { ip, workload: workloadView(row, names), ...serviceOf(null) };
    const inside = lists.filter(({ contains }) => contains(ip));
    return {
      ip,
      ip_lists: inside.map(({ list }) => ({
        href: `/orgs/1/sec_policy/active/ip_lists/${list.id}`,
        name: list.name,
        size: list.ranges.length,
      })),
      ...(row.name === null ? {} : { name: row.name }),
      ...(row.namespace === null ? {} : { namespace: row.namespace }),
      ...serviceOf(row.service),
    };
  };
  return (found) => {
    const source = end(found.source, found.src_ip);
    const destination = {
      ...end(found.destination, found.dst_ip),
      ...serviceOf(found.vip_service ?? found.destination.service),
    };
    return { src: source, dst: destination, ...numbers(found), ...decision(found), ...network(found, names) };
  };
}

function workloadView(row: EndRow, names: Names): NonNullable<Flow['src']['workload']> {
  const isHost = HOST_KINDS.has(row.kind ?? '');
  return {
    href: `/orgs/1/${isHost ? 'workloads' : 'kubernetes_workloads'}/${row.workload ?? ''}`,
    name: row.name,
    hostname: isHost ? row.name : null,
    os_type: isHost ? 'linux' : 'unknown',
    enforcement_mode: row.mode ?? 'idle',
    managed: row.managed,
    labels: row.labels.map((id) => ({
      href: `/orgs/1/labels/${id}`,
      key: names.labels.get(id)?.key ?? '',
      value: names.labels.get(id)?.value ?? '',
    })),
    ...(row.kind === null ? {} : { kind: row.kind }),
    ...(row.namespace === null ? {} : { namespace: row.namespace }),
  };
}

function serviceOf(text: string | null): Pick<Flow['dst'], 'service'> {
  if (text === null) return {};
  const slash = text.indexOf('/');
  return { service: { namespace: text.slice(0, slash), name: text.slice(slash + 1) } };
}

function numbers(
  found: FoundFlow,
): Pick<
  Flow,
  | 'service'
  | 'num_connections'
  | 'timestamp_range'
  | 'dst_bi'
  | 'dst_bo'
  | 'transmission'
  | 'client_type'
  | 'caps'
  | 'policy_version'
  | 'icmp_type'
  | 'icmp_code'
> {
  const larger = (column: 'connections' | 'bytes_out' | 'bytes_in'): number =>
    Math.max(found[`out_${column}`] ?? 0, found[`in_${column}`] ?? 0);
  const isIcmp = ICMP.has(found.proto);
  return {
    service: { port: isIcmp ? 0 : found.port, proto: found.proto },
    ...(isIcmp ? { icmp_type: found.port >> 8, icmp_code: found.port & 255 } : {}),
    // Both ends count the same connections: the larger count, not the sum.
    num_connections: larger('connections'),
    dst_bi: larger('bytes_out'),
    dst_bo: larger('bytes_in'),
    timestamp_range: {
      first_detected: found.first_at.toISOString(),
      last_detected: found.last_at.toISOString(),
    },
    transmission: transmissionOf(found.dst_ip),
    client_type: 'server',
    caps: [],
    policy_version: found.policy_version,
  };
}

function decision(
  found: FoundFlow,
): Pick<
  Flow,
  | 'policy_decision'
  | 'boundary_decision'
  | 'state'
  | 'flow_direction'
  | 'rules'
  | 'enforcement_boundaries'
  | 'override_deny_rules'
  | 'reports'
> {
  const judge = decidingSide(found);
  const refs = (classes: readonly string[]): string[] => [
    ...new Set(
      (['out', 'in'] as const).flatMap((side) => {
        const rule = found[`${side}_rule`];
        return rule !== null && classes.includes(found[`${side}_class`] ?? '') ? [rule] : [];
      }),
    ),
  ];
  const outbound = reportOf(found, 'out');
  const inbound = reportOf(found, 'in');
  return {
    policy_decision: VERDICTS[found.verdict ?? 0] ?? 'unknown',
    ...boundaryDecision(found, judge),
    state: found[`${judge}_state`] === 'new' ? 'new' : 'active',
    flow_direction: judge === 'in' ? 'inbound' : 'outbound',
    rules: [
      ...refs(['essential']).map((ref) => ({ essential_service_rule: ref.replace(/^essential\//, '') })),
      ...refs(['allow']).map((href) => ({ href })),
    ],
    enforcement_boundaries: refs(['deny']).map((href) => ({ href })),
    override_deny_rules: refs(['override_deny']).map((href) => ({ href })),
    reports: {
      ...(outbound === undefined ? {} : { outbound }),
      ...(inbound === undefined ? {} : { inbound }),
    },
  };
}

/** The side whose verdict is the row's; where both agree, the destination, which is the judge of what reaches it. */
function decidingSide(found: FoundFlow): Side {
  if (found.in_at === null) return 'out';
  if (found.out_at === null) return 'in';
  return (found.out_verdict ?? 0) > (found.in_verdict ?? 0) ? 'out' : 'in';
}

function boundaryDecision(found: FoundFlow, judge: Side): Pick<Flow, 'boundary_decision'> {
  if (VERDICTS[found.verdict ?? 0] !== 'blocked') return {};
  const by = found[`${judge}_class`];
  if (by === 'deny') return { boundary_decision: 'blocked' };
  return by === 'override_deny' ? { boundary_decision: 'blocked_by_override_deny' } : {};
}

function reportOf(found: FoundFlow, side: Side): Flow['reports']['outbound'] {
  const at = found[`${side}_at`];
  if (at === null) return undefined;
  return {
    verdict: VERDICTS[found[`${side}_verdict`] ?? 0] ?? 'unknown',
    rule: found[`${side}_rule`],
    rule_class: found[`${side}_class`],
    connections: found[`${side}_connections`] ?? 0,
    last_detected: at.toISOString(),
  };
}

function network(found: FoundFlow, names: Names): Pick<Flow, 'network'> {
  const cluster = found.source.cluster;
  const name = names.clusters.get(cluster);
  if (name === undefined) return {};
  return { network: { href: `/orgs/1/networks/${cluster}`, name: `${name} container network` } };
}

function transmissionOf(address: string): string {
  if (address === '255.255.255.255') return 'broadcast';
  const first = Number(address.split('.')[0]);
  return (first >= 224 && first <= 239) || /^ff/i.test(address) ? 'multicast' : 'unicast';
}

/** Whether an address is in a list's ranges and not in its exclusions. */
function membership(ranges: readonly IpRange[]): (address: string) => boolean {
  const included = blockList(ranges.filter((range) => !range.exclusion));
  const excluded = blockList(ranges.filter((range) => range.exclusion));
  return (address) => {
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    return isIP(address) !== 0 && included.check(address, family) && !excluded.check(address, family);
  };
}

function blockList(ranges: readonly IpRange[]): BlockList {
  const list = new BlockList();
  for (const { from, to } of ranges) {
    const [address = '', prefix] = from.split('/');
    const family = address.includes(':') ? 'ipv6' : 'ipv4';
    if (prefix !== undefined) list.addSubnet(address, Number(prefix), family);
    else if (to !== null && to !== '') list.addRange(address, to, family);
    else list.addAddress(address, family);
  }
  return list;
}
