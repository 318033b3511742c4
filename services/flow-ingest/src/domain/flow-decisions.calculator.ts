/**
 * What two ends reported about the connections between them → how many connections had which outcome. Each end counts by
 * its own verdict; a provision may fall between their reports, so that one connection is "potentially blocked" to one
 * end and "allowed" to the other. It is one connection all the same: the worse word is its outcome, and nothing is counted
 * twice.
 */
import { VERDICT_RANK } from './flow-rows.calculator.js';

/** All reports of one end with one verdict; rule, state and version are of the newest of them. */
export interface Share {
  readonly verdict: number;
  readonly rule: string | null;
  readonly class: string | null;
  readonly state: string | null;
  readonly policy_version: number;
  /** ISO instants: the first interval's begin, the newest interval's end. */
  readonly first_at: string;
  readonly at: string;
  readonly connections: number;
  readonly bytes_out: number;
  readonly bytes_in: number;
}

export interface Shares {
  readonly outbound: readonly Share[];
  readonly inbound: readonly Share[];
}

export interface Decision {
  readonly verdict: number;
  readonly connections: number;
  readonly outbound: Share | null;
  readonly inbound: Share | null;
  readonly bytesOut: number;
  readonly bytesIn: number;
  /** When it was the outcome, first and last, and under which version last: what an end said of other connections is another's. */
  readonly firstAt: string;
  readonly at: string;
  readonly policyVersion: number;
}

const { unknown, allowed, potentially_blocked: potential, blocked } = VERDICT_RANK;
const WORST_FIRST = [blocked, potential, allowed, unknown] as const;

/** Worst first. One that no connection had is there only when it is what the ends said last. */
export function decisionsOf({ outbound, inbound }: Shares): Decision[] {
  const counts = outcomes(outbound, inbound);
  const last = Math.max(newest(outbound)?.verdict ?? unknown, newest(inbound)?.verdict ?? unknown);
  const verdicts = WORST_FIRST.filter((verdict) => (counts.get(verdict) ?? 0) > 0 || verdict === last);
  return verdicts.map((verdict) =>
    decision(
      verdict,
      counts.get(verdict) ?? 0,
      {
        outbound: sharesOf(verdict, outbound, verdicts),
        inbound: sharesOf(verdict, inbound, verdicts),
      },
      { outbound, inbound },
    ),
  );
}

/**
 * What the source blocks never reaches the destination; what the destination blocks the source has let pass. Of what both
 * let pass the larger count is the number of connections.
 */
function outcomes(outbound: readonly Share[], inbound: readonly Share[]): Map<number, number> {
  const of = (shares: readonly Share[], verdict: number): number =>
    shares.filter((share) => share.verdict === verdict).reduce((sum, share) => sum + share.connections, 0);
  const passed = (shares: readonly Share[]): number =>
    of(shares, potential) + of(shares, allowed) + of(shares, unknown);
  const stopped = of(inbound, blocked);
  const passing = Math.max(passed(outbound) - stopped, passed(inbound));
  const doubtful = Math.min(passing, Math.max(of(outbound, potential), of(inbound, potential)));
  const isAllowed = [...outbound, ...inbound].some((share) => share.verdict === allowed);
  return new Map([
    [blocked, of(outbound, blocked) + stopped],
    [potential, doubtful],
    [isAllowed ? allowed : unknown, passing - doubtful],
  ]);
}

/** Those that speak of this outcome: of its verdict, and of verdicts that have no outcome of their own. */
function sharesOf(verdict: number, shares: readonly Share[], outcomes: readonly number[]): Share[] {
  const [worst] = outcomes;
  return shares.filter(
    (share) => share.verdict === verdict || (verdict === worst && !outcomes.includes(share.verdict)),
  );
}

function decision(verdict: number, connections: number, own: Shares, all: Shares): Decision {
  const limited = (share: Share | undefined): Share | null =>
    share === undefined ? null : { ...share, connections: Math.min(share.connections, connections) };
  const sum = (column: 'bytes_out' | 'bytes_in'): number =>
    Math.max(
      ...[own.outbound, own.inbound].map((shares) =>
        shares.reduce((bytes, share) => bytes + share[column], 0),
      ),
    );
  const spokesman = (side: keyof Shares): Share | undefined =>
    own[side].find((share) => share.verdict === verdict) ??
    newest(all[side].filter((share) => share.verdict < verdict));
  const [outbound, inbound] = [spokesman('outbound'), spokesman('inbound')];
  return {
    verdict,
    connections,
    ...spanOf([...own.outbound, ...own.inbound], [outbound, inbound]),
    outbound: limited(outbound),
    inbound: limited(inbound),
    bytesOut: sum('bytes_out'),
    bytesIn: sum('bytes_in'),
  };
}

function spanOf(
  own: readonly Share[],
  others: readonly (Share | undefined)[],
): Pick<Decision, 'firstAt' | 'at' | 'policyVersion'> {
  const said = own.length > 0 ? own : others.filter((share) => share !== undefined);
  return {
    firstAt: said.map((share) => share.first_at).sort()[0] ?? '',
    at: newest(said)?.at ?? '',
    policyVersion: Math.max(0, ...said.map((share) => share.policy_version)),
  };
}

function newest(shares: readonly Share[]): Share | undefined {
  return shares.reduce<Share | undefined>(
    (best, share) =>
      best === undefined || share.at > best.at || (share.at === best.at && share.verdict > best.verdict)
        ? share
        : best,
    undefined,
  );
}

/** One share per verdict: counts add up, the newest says the rest. */
export function mergeShares(shares: readonly Share[]): Share[] {
  const merged = new Map<number, Share>();
  for (const share of shares) {
    const known = merged.get(share.verdict);
    merged.set(share.verdict, known === undefined ? share : addShares(known, share));
  }
  return [...merged.values()];
}

function addShares(a: Share, b: Share): Share {
  return {
    ...(a.at >= b.at ? a : b),
    first_at: a.first_at < b.first_at ? a.first_at : b.first_at,
    connections: a.connections + b.connections,
    bytes_out: a.bytes_out + b.bytes_out,
    bytes_in: a.bytes_in + b.bytes_in,
  };
}
