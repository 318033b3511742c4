/**
 * A stored flow as the API shows it: ids become hrefs, label ids become keys and values, verdict codes become words. Labels are those
 * of the time of the flow; their values are read as they are called now.
 */
import type { Flow } from '@ringfence/contracts';
import { decisionsOf } from '../domain/flow-decisions.calculator.js';
import type { Decision, Share } from '../domain/flow-decisions.calculator.js';
import { VERDICT_RANK, VERDICTS } from '../domain/flow-rows.calculator.js';
import { transmissionOf } from '../domain/transmission.js';
import type { EndRow, FoundFlow } from '../store/port/flow-store.js';
import type { UploadedRow } from '../store/port/uploaded-flows.js';
import { membership } from './addresses.js';
import type { Names } from './names.projection.js';

const ICMP = new Set([1, 58]);
/** Kinds that are workloads of the control plane; every other workload is a Kubernetes workload. */
const HOST_KINDS = new Set(['Node', 'Workload']);

/** One flow of the API per outcome; `only` leaves others out. */
export type FlowView = (found: FoundFlow, only?: (decision: Decision) => boolean) => Flow[];

export function flowView(names: Names): FlowView {
  const end = endView(names);
  return (found, only = () => true) => {
    const src = end(found.source, found.src_ip);
    const dst = {
      ...end(found.destination, found.dst_ip),
      ...serviceOf(found.vip_service ?? found.destination.service),
    };
    const where = network(found, names);
    return decisionsOf(found)
      .filter(only)
      .map((decision) => ({
        src,
        dst,
        ...identity(found),
        ...numbers(decision),
        ...outcome(decision),
        ...where,
      }));
  };
}

/** An end that is no workload is its address, and the IP lists that hold it. */
function endView(names: Names): (row: Omit<EndRow, 'cluster' | 'address'>, ip: string) => Flow['src'] {
  const lists = [...names.ipLists.values()].map((list) => ({ list, contains: membership(list.ranges) }));
  return (row, ip) => {
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
}

const ADDRESS = {
  ...{ workload: null, kind: null, name: null, namespace: null, labels: [], mode: null, managed: false },
  service: null,
};

/** What somebody uploaded: addresses, no verdict, no report of an agent. */
export function uploadView(names: Names): (row: UploadedRow) => Flow {
  const end = endView(names);
  return (row) => ({
    ...{ src: end(ADDRESS, row.src_ip), dst: end(ADDRESS, row.dst_ip) },
    service: { port: row.port, proto: row.proto },
    transmission: transmissionOf(row.dst_ip),
    ...{ client_type: 'flowlink', caps: [], state: 'unknown', policy_decision: 'unknown', policy_version: 0 },
    // The published form has no other word for it: nobody knows which end saw it.
    flow_direction: 'outbound',
    ...{ num_connections: row.times, dst_bi: 0, dst_bo: 0 },
    timestamp_range: { first_detected: row.first_at, last_detected: row.last_at },
    ...{ rules: [], enforcement_boundaries: [], override_deny_rules: [], reports: {} },
    ringfence_uploaded_by: { href: row.uploaded_by },
  });
}

function workloadView(
  row: Pick<EndRow, 'kind' | 'workload' | 'name' | 'namespace' | 'mode' | 'managed' | 'labels'>,
  names: Names,
): NonNullable<Flow['src']['workload']> {
  const isHost = HOST_KINDS.has(row.kind ?? '');
  return {
    href: workloadHref(row.kind, row.workload ?? ''),
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

export const workloadHref = (kind: string | null, id: string): string =>
  `/orgs/1/${HOST_KINDS.has(kind ?? '') ? 'workloads' : 'kubernetes_workloads'}/${id}`;

function serviceOf(text: string | null): Pick<Flow['dst'], 'service'> {
  if (text === null) return {};
  const slash = text.indexOf('/');
  return { service: { namespace: text.slice(0, slash), name: text.slice(slash + 1) } };
}

function identity({
  proto,
  port,
  dst_ip: address,
}: FoundFlow): Pick<Flow, 'service' | 'transmission' | 'client_type' | 'caps' | 'icmp_type' | 'icmp_code'> {
  const isIcmp = ICMP.has(proto);
  return {
    service: { port: isIcmp ? 0 : port, proto },
    ...(isIcmp ? { icmp_type: port >> 8, icmp_code: port & 255 } : {}),
    transmission: transmissionOf(address),
    client_type: 'server',
    caps: [],
  };
}

function numbers({
  connections,
  bytesOut,
  bytesIn,
  firstAt,
  at,
  policyVersion,
}: Decision): Pick<Flow, 'num_connections' | 'timestamp_range' | 'dst_bi' | 'dst_bo' | 'policy_version'> {
  return {
    num_connections: connections,
    dst_bi: bytesOut,
    dst_bo: bytesIn,
    timestamp_range: { first_detected: firstAt, last_detected: at },
    policy_version: policyVersion,
  };
}

function outcome(
  decision: Decision,
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
  const { verdict, outbound, inbound } = decision;
  const judge = judgeOf(decision);
  const refs = (...classes: readonly string[]): string[] => [
    ...new Set(
      [outbound, inbound].flatMap((share) =>
        share !== null && share.rule !== null && classes.includes(share.class ?? '') ? [share.rule] : [],
      ),
    ),
  ];
  return {
    policy_decision: VERDICTS[verdict] ?? 'unknown',
    ...boundaryDecision(decision),
    state: decision[judge]?.state === 'new' ? 'new' : 'active',
    flow_direction: judge,
    rules: [
      ...refs('essential').map((ref) => ({ essential_service_rule: ref.replace(/^essential\//, '') })),
      ...refs('allow').map((href) => ({ href })),
    ],
    enforcement_boundaries: refs('deny').map((href) => ({ href })),
    override_deny_rules: refs('override_deny').map((href) => ({ href })),
    reports: {
      ...(outbound === null ? {} : { outbound: reportOf(outbound) }),
      ...(inbound === null ? {} : { inbound: reportOf(inbound) }),
    },
  };
}

/** The side whose verdict is the outcome; where both agree, the destination, which is the judge of what reaches it. */
function judgeOf({ verdict, inbound, outbound }: Decision): 'outbound' | 'inbound' {
  if (inbound === null || (outbound !== null && inbound.verdict !== verdict)) return 'outbound';
  return 'inbound';
}

function boundaryDecision(decision: Decision): Pick<Flow, 'boundary_decision'> {
  const by = decidingClass(decision);
  if (by === 'deny') return { boundary_decision: 'blocked' };
  return by === 'override_deny' ? { boundary_decision: 'blocked_by_override_deny' } : {};
}

/** Class of the rule that blocked, or would where the mode dropped; null: nothing does, or no rule. */
export function decidingClass(decision: Decision): string | null {
  const isPassed = decision.verdict < VERDICT_RANK.potentially_blocked;
  return isPassed ? null : (decision[judgeOf(decision)]?.class ?? null);
}

function reportOf(share: Share): NonNullable<Flow['reports']['outbound']> {
  return {
    verdict: VERDICTS[share.verdict] ?? 'unknown',
    rule: share.rule,
    rule_class: share.class,
    connections: share.connections,
    last_detected: share.at,
    policy_version: share.policy_version,
  };
}

function network(found: FoundFlow, names: Names): Pick<Flow, 'network'> {
  const cluster = found.source.cluster;
  const name = names.clusters.get(cluster);
  if (name === undefined) return {};
  return { network: { href: `/orgs/1/networks/${cluster}`, name: `${name} container network` } };
}
