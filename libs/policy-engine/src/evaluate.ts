/**
 * What one end of a connection decides about a packet, and what both ends decide together. The kernel's rules must
 * agree with this, packet by packet; where they do not, the kernel's verdict is what happened.
 */
import type { EnforcementMode, GroupId, Unit, Verdict, WireRule } from '@ringfence/contracts';
import { onPorts } from './ports.js';
import type { Packet } from './ports.js';

export type Direction = 'ingress' | 'egress';

/** The question that rules ask of the address book; `GroupMembers` answers it. */
export interface PeerLookup {
  contains(group: GroupId, address: string, hostAddresses: ReadonlySet<string>): boolean;
}

export interface EvaluationInput {
  readonly unit: Pick<Unit, 'ingress' | 'egress' | 'mode' | 'isolated'>;
  /** The endpoint's own mode where it differs from its unit's. */
  readonly mode?: EnforcementMode | undefined;
  readonly direction: Direction;
  readonly packet: Packet;
  readonly members: PeerLookup;
  /** Addresses of the node that hosts this end ("container host"). */
  readonly hostAddresses: ReadonlySet<string>;
  /** The workload of this end, for rules that name workloads. */
  readonly workload?: string | null | undefined;
}

export interface Evaluation {
  /** `none`: no rule speaks about the packet, the mode's default applies. */
  readonly decision: 'allow' | 'deny' | 'none';
  readonly rule: WireRule | null;
  readonly verdict: Verdict;
}

/** A unit's rules are in their total order, so the first that matches decides. */
export function evaluate(input: EvaluationInput): Evaluation {
  const rule = input.unit[input.direction].find((candidate) => speaksAbout(candidate, input)) ?? null;
  const decision = rule === null ? 'none' : decisionOf(rule);
  const mode = modeIn(input.direction, input.mode ?? input.unit.mode, input.unit.isolated);
  return { decision, rule, verdict: verdictOf(decision, mode) };
}

/** Whoever is isolated in a direction is in full there. */
export const modeIn = (
  direction: Direction,
  mode: EnforcementMode,
  isolated: Unit['isolated'],
): EnforcementMode => (isolated?.[direction] === true ? 'full' : mode);

/** Every rule of that direction that speaks about the packet, whichever decides. */
export const rulesAbout = (input: Omit<EvaluationInput, 'mode'>): WireRule[] =>
  input.unit[input.direction].filter((candidate) => speaksAbout(candidate, input));

function speaksAbout(rule: WireRule, input: Omit<EvaluationInput, 'unit' | 'mode' | 'direction'>): boolean {
  if (rule.onlyWorkloads !== undefined && !rule.onlyWorkloads.includes(input.workload ?? '')) return false;
  if (!onPorts(rule.ports, input.packet)) return false;
  return rule.peers.some((peer) => input.members.contains(peer, input.packet.peer, input.hostAddresses));
}

const decisionOf = (rule: WireRule): 'allow' | 'deny' =>
  rule.class === 'essential' || rule.class === 'allow' ? 'allow' : 'deny';

/** The table of modes: what a decision means for the packet, in the words of flows. */
export function verdictOf(decision: Evaluation['decision'], mode: EnforcementMode): Verdict {
  if (mode === 'idle') return 'unknown';
  if (decision === 'allow') return 'allowed';
  if (mode === 'full') return 'blocked';
  return mode === 'selective' && decision === 'deny' ? 'blocked' : 'potentially_blocked';
}

/** One end of a connection, if it is enforced by us. */
export type EnforcedEnd = Omit<EvaluationInput, 'direction' | 'packet' | 'members'>;

export type ExplanationReason =
  /** Neither end is enforced by us: nothing of ours looks at the packet. */
  | { readonly kind: 'not-enforced' }
  | { readonly kind: 'allowed'; readonly rules: WireRule[] }
  /** A deny rule matched before any allow rule could. */
  | { readonly kind: 'denied'; readonly end: 'source' | 'destination'; readonly rule: WireRule }
  /** No rule speaks about it at these ends; each needs one of its own. */
  | { readonly kind: 'rule-missing'; readonly ends: ('source' | 'destination')[] };

export interface Explanation {
  /** The worse of the two ends: what happens to the connection. */
  readonly verdict: Verdict;
  readonly source: Evaluation | null;
  readonly destination: Evaluation | null;
  readonly reason: ExplanationReason;
}

export interface ExplanationInput {
  readonly packet: Omit<Packet, 'peer'>;
  /** As the other end sees it. */
  readonly sourceAddress: string;
  readonly destinationAddress: string;
  readonly source: EnforcedEnd | null;
  readonly destination: EnforcedEnd | null;
  readonly members: PeerLookup;
}

export function explain(input: ExplanationInput): Explanation {
  const { members, packet } = input;
  const source =
    input.source &&
    evaluate({
      ...input.source,
      members,
      direction: 'egress',
      packet: { ...packet, peer: input.destinationAddress },
    });
  const destination =
    input.destination &&
    evaluate({
      ...input.destination,
      members,
      direction: 'ingress',
      packet: { ...packet, peer: input.sourceAddress },
    });
  return { verdict: worst(source, destination), source, destination, reason: reasonOf(source, destination) };
}

const SEVERITY: readonly Verdict[] = ['unknown', 'allowed', 'potentially_blocked', 'blocked'];

/** What happens to a connection of which these are the ends. */
export function worst(...ends: readonly ({ readonly verdict: Verdict } | null)[]): Verdict {
  const ranks = ends.map((end) => (end === null ? 0 : SEVERITY.indexOf(end.verdict)));
  return SEVERITY[Math.max(...ranks)]!;
}

function reasonOf(source: Evaluation | null, destination: Evaluation | null): ExplanationReason {
  const ends = [
    { end: 'source' as const, told: source },
    { end: 'destination' as const, told: destination },
  ];
  // An idle end looks at nothing, so what its rules would have said decides nothing.
  const enforced = ends.flatMap(({ end, told }) =>
    told && told.verdict !== 'unknown' ? [{ end, told }] : [],
  );
  if (enforced.length === 0) return { kind: 'not-enforced' };
  const ordered = enforced.toSorted(
    (a, b) => SEVERITY.indexOf(b.told.verdict) - SEVERITY.indexOf(a.told.verdict),
  );
  const denied = ordered.find(({ told }) => told.decision === 'deny');
  const missing = ordered.filter(({ told }) => told.decision === 'none');
  const blockedBeforeDenied = missing[0] !== undefined && ordered[0] === missing[0];
  if (denied?.told.rule && !blockedBeforeDenied)
    return { kind: 'denied', end: denied.end, rule: denied.told.rule };
  if (missing.length > 0)
    return {
      kind: 'rule-missing',
      ends: missing
        .map(({ end }) => end)
        .toSorted()
        .toReversed(),
    };
  return { kind: 'allowed', rules: enforced.flatMap(({ told }) => told.rule ?? []) };
}
