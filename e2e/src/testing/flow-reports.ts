/**
 * What the explorer says of packets that were sent: each end's report, with its verdict and the rule that decided. It counts by
 * workload, and shows of two verdicts the worse: packets of Pods of one workload that are judged differently are left out.
 */
import { Stalled, untilDone } from '@ringfence/testing';
import { flows } from '@ringfence/up';
import type { Explained, ExplainedEnd } from '../explained.js';
import { api } from '../world.js';
import type { Source, Target, Town } from '../matrix/town.js';

interface Report {
  readonly verdict: string;
  readonly rule: string | null;
  readonly last_detected: string;
}
interface FlowEnd {
  readonly ip: string;
  readonly workload?: { readonly name: string | null; readonly namespace?: string };
}
interface ReportedFlow {
  readonly src: FlowEnd;
  readonly dst: FlowEnd;
  readonly service: { readonly port: number; readonly proto: number };
  readonly reports: Partial<Record<Side, Report>>;
}
type Side = 'outbound' | 'inbound';
export interface Sent {
  readonly source: Source;
  readonly target: Target;
  readonly told: Explained;
}
interface Expectation {
  /** Source, destination, port and reporting end, as the explorer counts. */
  readonly key: string;
  readonly packet: string;
  readonly verdict: string;
  readonly rule: string | null;
}

/** Nodes report every 5 s. */
const SILENT_FOR_MS = 15_000;

/** Waits until all that judged have reported, or nobody reports any more; what was not reported as it is explained. */
export async function reportedOtherwise(town: Town, sent: readonly Sent[], since: Date): Promise<string[]> {
  const all = unmistakable(sent.flatMap((each) => expectations(town, each)));
  let found: ReadonlyMap<string, readonly Report[]> = new Map();
  let open: readonly Expectation[] = all;
  const look = async (): Promise<number> => {
    const rows = (await flows(api, since)) as unknown as ReportedFlow[];
    found = reportsByKey(rows, since);
    open = all.filter((each) => !found.get(each.key)?.some((report) => isSame(report, each)));
    return rows.length;
  };
  const patience = { what: 'reports', everyMs: 1_000, stalledAfterMs: SILENT_FOR_MS };
  try {
    await untilDone(async () => {
      const rows = await look();
      return open.length === 0 ? { done: true } : { missing: `${open.length}`, sign: rows };
    }, patience);
  } catch (error) {
    if (!(error instanceof Stalled)) throw error;
  }
  return open.map(({ key, packet, verdict, rule }) => {
    const reports = found.get(key)?.map((each) => `${each.verdict} ${each.rule ?? ''}`) ?? ['nothing'];
    return `${packet} reported: ${reports.join(', ')}; explained: ${verdict} ${rule ?? ''}`;
  });
}

const isSame = (report: Report, { verdict, rule }: Expectation): boolean =>
  report.verdict === verdict && report.rule === rule;

/** Those of which no other of the same key says something else. */
function unmistakable(all: readonly Expectation[]): Expectation[] {
  const said = new Map<string, Set<string>>();
  for (const { key, verdict, rule } of all)
    said.set(key, (said.get(key) ?? new Set()).add(`${verdict} ${rule ?? ''}`));
  return all.filter(({ key }) => said.get(key)!.size === 1);
}

function reportsByKey(rows: readonly ReportedFlow[], since: Date): Map<string, Report[]> {
  const found = new Map<string, Report[]>();
  for (const { src, dst, service, reports } of rows)
    for (const side of ['outbound', 'inbound'] as const) {
      const report = reports[side];
      if (report === undefined || Date.parse(report.last_detected) < since.getTime()) continue;
      const key = keyOf(nameOf(src), nameOf(dst), service, side);
      found.set(key, [...(found.get(key) ?? []), report]);
    }
  return found;
}

const keyOf = (
  from: string,
  to: string,
  { port, proto }: { readonly port: number; readonly proto: number },
  side: Side,
): string => `${from} → ${to}:${port}/${proto} ${side}`;

const nameOf = ({ ip, workload }: FlowEnd): string =>
  workload?.name ? `${workload.namespace === undefined ? '' : `${workload.namespace}/`}${workload.name}` : ip;

/** One that ends where it begins is told by nobody, and what a Pod sends itself through its own Service its node alone sees. */
const isTold = (end: ExplainedEnd | null): end is ExplainedEnd => {
  if (end === null || end.verdict === 'unknown') return false;
  const isLoopback = end.verdict === 'allowed' && end.rule === null;
  return !isLoopback && end.rule?.ref !== OWN_SERVICE;
};
const OWN_SERVICE = 'essential/own-service';

/** What a node refuses for the Pod of another node is counted there and is no flow (decision 0007). */
const isRefusedOnTheWay = ({ target, told }: Sent): boolean =>
  target.isClusterIp === true && target.answers?.isGuarded === true && told.ingress?.verdict === 'blocked';

/** What a NodePort or the cluster's DNS is translated to, others test. */
const whoAnswers = ({ host, port, ...target }: Target): { address: string; port: number } | undefined => {
  if (target.isNodePort) return undefined;
  return target.isClusterIp ? target.answers : { address: host, port };
};

/** What the source drops no destination sees. Nodes probe their Pods all the time, by rules of their own, so theirs are left out. */
function expectations(town: Town, sent: Sent): Expectation[] {
  const { source, target, told } = sent;
  const answers = whoAnswers(target);
  const isByNode = town.nodes.includes(town.workloadAt(source.address) ?? '');
  if (answers === undefined || isByNode) return [];
  const [from, to] = [source.address, answers.address].map((address) => town.workloadAt(address) ?? address);
  const port = { port: answers.port, proto: target.proto };
  const expected = (side: Side, end: ExplainedEnd | null): Expectation[] => {
    if (!isTold(end)) return [];
    const packet = `${source.name} → ${target.name}:${target.port}/${target.proto}, ${side} at ${end.name},`;
    const rule = end.rule?.ref ?? null;
    return [{ key: keyOf(from!, to!, port, side), packet, verdict: end.verdict, rule }];
  };
  const { egress, ingress } = told;
  const isStopped = egress?.verdict === 'blocked' || isRefusedOnTheWay(sent);
  return [...expected('outbound', egress), ...(isStopped ? [] : expected('inbound', ingress))];
}
