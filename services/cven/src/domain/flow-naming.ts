/**
 * What the flow sets of one interval say, as flows with the rule that decided each: named from the very policy that was in
 * the kernel. The kernel's verdict is the truth; where the engine disagrees no rule is named, and that is counted.
 */
import type { EnforcementMode, FlowBatch, Unit, Verdict, WireRule } from '@ringfence/contracts';
import { peerLookup } from '@ringfence/firewall';
import type { FirewallModel, FlowTable } from '@ringfence/firewall';
import { evaluate } from '@ringfence/policy-engine';
import type { PeerLookup } from '@ringfence/policy-engine';
import type { FlowCount, FlowReading } from '../kernel/port/kernel.port.js';

export type ReportedFlow = FlowBatch['reporters'][number]['flows'][number];

export interface IntervalPolicy {
  readonly model: FirewallModel;
  readonly unit: Unit;
  /** Addresses of this end: they tell the direction. */
  readonly own: ReadonlySet<string>;
}

export interface NamedFlows {
  readonly mode: EnforcementMode;
  readonly flows: readonly ReportedFlow[];
  /** Flows whose verdict the engine would have given otherwise. */
  readonly disagreements: number;
}

interface FlowRow {
  readonly src: string;
  readonly dst: string;
  readonly proto: number;
  readonly port: number;
  readonly counts: Partial<Record<FlowTable, { packets: number; bytes: number }>>;
}

/** A real client behind a node's address, whom that node found allowed by this Pod's rules. */
const JUDGED_REF = 'essential/judged-by-node';
const PORTED = new Set([6, 17, 33, 132, 136]);
/** Type of an answer → type of its question, by protocol. */
const QUESTIONS: Readonly<Record<number, Readonly<Record<number, number>>>> = {
  1: { 0: 8, 14: 13, 16: 15, 18: 17 },
  58: { 129: 128 },
};
/** Destination unreachable, packet too big or source quench, redirect, time exceeded, parameter problem. */
const ICMP_ERRORS: Readonly<Record<number, ReadonlySet<number>>> = {
  1: new Set([3, 4, 5, 11, 12]),
  58: new Set([1, 2, 3, 4]),
};
const VERDICTS: readonly (readonly [FlowTable, Verdict])[] = [
  ['nb', 'blocked'],
  ['np', 'potentially_blocked'],
  ['na', 'allowed'],
];

export function nameFlows(reading: FlowReading, policy: IntervalPolicy): NamedFlows {
  let disagreements = 0;
  // The model's own peers, as they were: the view has gone on since.
  const members = peerLookup((group) => policy.model.peers.get(group));
  const flows = joinRows(reading)
    .filter((row) => isFlow(row, policy.model.kind))
    .flatMap((row) => {
      const told = tell(row, policy, members);
      return verdictsOf(row, told.verdict).map((verdict): ReportedFlow => {
        const { src, dst, proto, port } = row;
        const agrees = verdict.verdict === told.verdict;
        const byNode = !agrees && told.direction === 'inbound' && isJudging(policy.model, src, members);
        if (!agrees && !byNode) disagreements += 1;
        const rule = agrees ? ruleOf(told.rule) : ruleOf(byNode ? judgedRule(verdict.verdict) : null);
        return { src, dst, proto, port, direction: told.direction, ...verdict, ...rule };
      });
    });
  return { mode: policy.model.mode, flows, disagreements };
}

const ruleOf = (rule: Pick<WireRule, 'ref' | 'class'> | null): Pick<ReportedFlow, 'rule' | 'ruleClass'> =>
  rule === null ? { rule: null, ruleClass: null } : { rule: rule.ref, ruleClass: rule.class };

/** Whom a node hides behind its address the engine cannot see; the node judged, or said that nobody did. */
function isJudging({ judging }: FirewallModel, address: string, members: PeerLookup): boolean {
  return judging.some((group) => members.contains(group, address, NOBODY));
}

const judgedRule = (verdict: Verdict): Pick<WireRule, 'ref' | 'class'> | null =>
  verdict === 'allowed' ? { ref: JUDGED_REF, class: 'essential' } : null;

/**
 * Under translation a host's answers carry another port than its questions: alone they are no flow of their own. Nor is
 * an ICMP error: it came with the mark of the connection that it is about.
 */
function isFlow({ proto, port, counts }: FlowRow, kind: FirewallModel['kind']): boolean {
  if (Object.keys(counts).some((table) => table !== 'br' && table !== 'bo')) return true;
  if (ICMP_ERRORS[proto]?.has(port >>> 8)) return false;
  return kind === 'pod' || counts.bo !== undefined;
}

/** One row per flow, its counts of all sets side by side. */
function joinRows(reading: FlowReading): FlowRow[] {
  const rows = new Map<string, FlowRow>();
  for (const table of Object.keys(reading.tables) as FlowTable[]) {
    for (const count of reading.tables[table]) {
      const [src, dst, proto, , packets, bytes] = count;
      const port = portOf(table, count);
      const key = `${src} ${dst} ${proto} ${port}`;
      const row = rows.get(key) ?? { src, dst, proto, port, counts: {} };
      const before = row.counts[table] ?? { packets: 0, bytes: 0 };
      row.counts[table] = { packets: before.packets + packets, bytes: before.bytes + bytes };
      rows.set(key, row);
    }
  }
  return [...rows.values()];
}

/** Protocols without ports left something in the field that means nothing. */
function portOf(table: FlowTable, [, , proto, port]: FlowCount): number {
  if (proto !== 1 && proto !== 58) return PORTED.has(proto) ? port : 0;
  const question = table === 'br' ? QUESTIONS[proto]?.[port >>> 8] : undefined;
  return question === undefined ? port : question * 256;
}

function tell({ src, dst, proto, port }: FlowRow, { model, unit, own }: IntervalPolicy, members: PeerLookup) {
  const inbound = own.has(dst);
  const packet = { proto, port, peer: inbound ? src : dst };
  const evaluation = evaluate({
    unit,
    mode: model.mode,
    direction: inbound ? 'ingress' : 'egress',
    packet,
    members,
    hostAddresses: NOBODY,
  });
  return { ...evaluation, direction: inbound ? ('inbound' as const) : ('outbound' as const) };
}

const NOBODY: ReadonlySet<string> = new Set();

type Judged = Pick<ReportedFlow, 'verdict' | 'state' | 'connections' | 'bytesOut' | 'bytesIn'>;

/** Usually one; a flow that was refused and then let in (or the reverse) within one interval is two. */
function verdictsOf({ counts }: FlowRow, expected: Verdict): Judged[] {
  const carried = { out: counts.bo?.bytes ?? 0, in: counts.br?.bytes ?? 0 };
  const opened = VERDICTS.flatMap(([table, verdict]): Judged[] => {
    const count = counts[table];
    return count === undefined
      ? []
      : [{ verdict, state: 'new', connections: count.packets, bytesOut: count.bytes, bytesIn: 0 }];
  });
  const passing = opened.findLast(({ verdict }) => verdict !== 'blocked');
  if (passing !== undefined) {
    passing.bytesOut += carried.out;
    passing.bytesIn = carried.in;
  } else if (counts.bo !== undefined || counts.br !== undefined) {
    // Only connections that were judged before reach these sets: they passed, whatever the policy would say of new ones.
    const verdict = expected === 'potentially_blocked' ? expected : 'allowed';
    opened.push({ verdict, state: 'active', connections: 0, bytesOut: carried.out, bytesIn: carried.in });
  }
  return opened;
}
