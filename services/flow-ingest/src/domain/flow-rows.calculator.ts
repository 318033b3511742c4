/**
 * Folds decorated batches into flow rows: one row per day, source, destination resolved through the Service, protocol, target port
 * and policy version, with what each end reported beside the other's and never added to it. What a row already
 * holds in the database is added by the writer (`store/`); who an end is was decided by clas-cache.
 */
import type { DecoratedFlowBatch, FlowEnd } from '@ringfence/contracts';

type ReportedFlow = DecoratedFlowBatch['flows'][number];

/** An end as of a moment: when its labels or its mode change, it is another end, so that history keeps the old ones. */
export interface EndIdentity {
  readonly identity: string;
  readonly cluster: string;
  readonly workload: string | null;
  readonly kind: string | null;
  readonly name: string | null;
  readonly namespace: string | null;
  /** Only of an end that is no workload: a workload's addresses belong to the flow. */
  readonly address: string | null;
  readonly labels: readonly string[];
  readonly mode: string | null;
  readonly managed: boolean;
  readonly service: string | null;
}

/** Ordered so that the worse of two verdicts is the greater number. */
export const VERDICT_RANK = { unknown: 0, allowed: 1, potentially_blocked: 2, blocked: 3 } as const;
/** By that number. */
export const VERDICTS = ['unknown', 'allowed', 'potentially_blocked', 'blocked'] as const;

export interface SideReport {
  verdict: number;
  rule: string | null;
  ruleClass: string | null;
  state: string;
  connections: number;
  bytesOut: number;
  bytesIn: number;
  /** End of the newest interval that spoke; its verdict is the side's verdict. */
  at: string;
}

export interface FlowRow {
  readonly day: string;
  readonly src: string;
  readonly dst: string;
  readonly proto: number;
  readonly port: number;
  readonly policyVersion: number;
  srcIp: string;
  dstIp: string;
  /** The Service's address and port that the source asked for. */
  vip: string | null;
  vipPort: number | null;
  vipService: string | null;
  firstAt: string;
  lastAt: string;
  outbound: SideReport | null;
  inbound: SideReport | null;
}

export interface FoldedFlows {
  readonly ends: ReadonlyMap<string, EndIdentity>;
  readonly rows: readonly FlowRow[];
  /** Flows whose ends are not in their batch's dictionary. */
  readonly malformed: number;
}

export function foldFlows(batches: readonly DecoratedFlowBatch[]): FoldedFlows {
  const ends = new Map<string, EndIdentity>();
  const rows = new Map<string, FlowRow>();
  let malformed = 0;
  for (const batch of batches) {
    const identities = batch.ends.map((end) => endIdentity(batch.cluster, end));
    for (const flow of batch.flows) {
      const src = identities[flow.src];
      const dst = identities[flow.target];
      if (src === undefined || dst === undefined || batch.ends[flow.dst] === undefined) {
        malformed += 1;
        continue;
      }
      ends.set(src.identity, src);
      ends.set(dst.identity, dst);
      foldOne(rows, { batch, flow, src, dst });
    }
  }
  return { ends, rows: [...rows.values()].sort(byKey), malformed };
}

interface Joined {
  readonly batch: DecoratedFlowBatch;
  readonly flow: ReportedFlow;
  readonly src: EndIdentity;
  readonly dst: EndIdentity;
}

function foldOne(rows: Map<string, FlowRow>, joined: Joined): void {
  const { batch, flow, src, dst } = joined;
  const day = batch.from.slice(0, 10);
  const key = JSON.stringify([
    day,
    src.identity,
    dst.identity,
    flow.proto,
    flow.targetPort,
    batch.policyVersion,
  ]);
  let row = rows.get(key);
  if (row === undefined) rows.set(key, (row = emptyRow(day, joined)));
  if (batch.from < row.firstAt) row.firstAt = batch.from;
  if (batch.to > row.lastAt) row.lastAt = batch.to;
  noteVip(row, batch, flow);
  const side = flow.direction === 'outbound' ? 'outbound' : 'inbound';
  row[side] = addReport(row[side], flow, batch.to);
}

function emptyRow(day: string, { batch, flow, src, dst }: Joined): FlowRow {
  return {
    day,
    src: src.identity,
    dst: dst.identity,
    proto: flow.proto,
    port: flow.targetPort,
    policyVersion: batch.policyVersion,
    srcIp: address(batch, flow.src),
    dstIp: address(batch, flow.target),
    vip: null,
    vipPort: null,
    vipService: null,
    firstAt: batch.from,
    lastAt: batch.to,
    outbound: null,
    inbound: null,
  };
}

function noteVip(row: FlowRow, batch: DecoratedFlowBatch, flow: ReportedFlow): void {
  const service = batch.ends[flow.dst]?.service ?? null;
  if (flow.dst === flow.target && service === null) return;
  row.vip = address(batch, flow.dst);
  row.vipPort = flow.port;
  row.vipService = service === null ? row.vipService : `${service.namespace}/${service.name}`;
}

/** Counts add up over time within one side; the newest report says verdict, rule and state, the worst of them if several are newest. */
function addReport(before: SideReport | null, flow: ReportedFlow, at: string): SideReport {
  const report = {
    verdict: VERDICT_RANK[flow.verdict],
    rule: flow.rule,
    ruleClass: flow.ruleClass,
    state: flow.state,
    at,
    connections: flow.connections,
    bytesOut: flow.bytesOut,
    bytesIn: flow.bytesIn,
  };
  if (before === null) return report;
  const counts = {
    connections: before.connections + report.connections,
    bytesOut: before.bytesOut + report.bytesOut,
    bytesIn: before.bytesIn + report.bytesIn,
  };
  const speaks = at > before.at || (at === before.at && report.verdict >= before.verdict);
  return speaks ? { ...report, ...counts } : { ...before, ...counts };
}

function endIdentity(cluster: string, end: FlowEnd): EndIdentity {
  const isWorkload = end.workload !== null;
  const labels = [...end.labels].sort();
  const address = isWorkload ? null : end.address;
  const service = isWorkload || end.service === null ? null : `${end.service.namespace}/${end.service.name}`;
  const { workload, kind, name, namespace, mode, managed } = end;
  const identity = JSON.stringify([
    cluster,
    workload,
    address,
    kind,
    namespace,
    name,
    labels,
    mode,
    managed,
    service,
  ]);
  return { identity, cluster, workload, kind, name, namespace, address, labels, mode, managed, service };
}

function address(batch: DecoratedFlowBatch, end: number): string {
  return batch.ends[end]?.address ?? '';
}

/** One order for every writer, so that two never wait for each other in a circle. */
function byKey(a: FlowRow, b: FlowRow): number {
  return (
    compare(a.day, b.day) ||
    compare(a.src, b.src) ||
    compare(a.dst, b.dst) ||
    a.proto - b.proto ||
    a.port - b.port ||
    a.policyVersion - b.policyVersion
  );
}
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
