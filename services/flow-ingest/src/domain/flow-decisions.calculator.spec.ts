import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decisionsOf } from './flow-decisions.calculator.js';
import type { Share } from './flow-decisions.calculator.js';
import { VERDICT_RANK } from './flow-rows.calculator.js';

const { allowed, potentially_blocked: potential, blocked } = VERDICT_RANK;

function share(verdict: number, connections: number, more: Partial<Share> = {}): Share {
  return {
    verdict,
    connections,
    rule: null,
    class: null,
    state: 'new',
    policy_version: 3,
    first_at: '2026-11-20T10:00:00.000Z',
    at: '2026-11-20T10:00:05.000Z',
    bytes_out: 10 * connections,
    bytes_in: 100 * connections,
    ...more,
  };
}
const counted = (outbound: Share[], inbound: Share[]): [number, number][] =>
  decisionsOf({ outbound, inbound }).map(({ verdict, connections }) => [verdict, connections]);

describe('the outcomes of connections', () => {
  it('are counted by the end that counted more, not by both', () => {
    expect(counted([share(allowed, 3)], [share(allowed, 2)])).toEqual([[allowed, 3]]);
  });

  it('are one outcome each when a provision falls between the reports of the two ends', () => {
    const [only, ...more] = decisionsOf({
      outbound: [share(potential, 1)],
      inbound: [share(allowed, 1, { policy_version: 4 })],
    });
    expect(more).toEqual([]);
    expect(only).toMatchObject({
      verdict: potential,
      connections: 1,
      outbound: { policy_version: 3, verdict: potential, connections: 1 },
      inbound: { policy_version: 4, verdict: allowed, connections: 1 },
      bytesIn: 100,
    });
  });

  it('keep what was blocked before a rule allowed it', () => {
    expect(counted([share(allowed, 5), share(blocked, 2)], [share(allowed, 5)])).toEqual([
      [blocked, 2],
      [allowed, 5],
    ]);
  });

  it('tell what the destination blocked from what it let in', () => {
    const [stopped, passed] = decisionsOf({
      outbound: [share(allowed, 10)],
      inbound: [share(blocked, 2), share(allowed, 8)],
    });
    expect(stopped).toMatchObject({ verdict: blocked, connections: 2, outbound: { connections: 2 } });
    expect(passed).toMatchObject({ verdict: allowed, connections: 8, outbound: { connections: 8 } });
    // Its bytes are told once, with the connections that had any.
    expect(stopped?.bytesOut).toBe(20);
    expect(passed?.bytesOut).toBe(100);
  });

  it('are told with the time when each was last so, though the end that let them pass goes on', () => {
    const now = { first_at: '2026-11-20T10:00:00.000Z', at: '2026-11-20T10:07:00.000Z', policy_version: 4 };
    const [stopped, passing] = decisionsOf({
      outbound: [share(potential, 10, now)],
      inbound: [share(blocked, 4), share(potential, 6, { ...now, first_at: '2026-11-20T10:01:00.000Z' })],
    });
    expect(stopped).toMatchObject({ verdict: blocked, at: '2026-11-20T10:00:05.000Z', policyVersion: 3 });
    expect(passing).toMatchObject({ verdict: potential, at: now.at, policyVersion: 4 });
  });

  it('are what the ends said last where no new connection was counted', () => {
    const later = { at: '2026-11-20T10:05:00.000Z', state: 'active' };
    expect(counted([share(potential, 1), share(allowed, 0, later)], [share(allowed, 0, later)])).toEqual([
      [potential, 1],
      [allowed, 0],
    ]);
  });

  it('never add up to more than both ends could have seen', () => {
    const shares = fc
      .uniqueArray(fc.tuple(fc.integer({ min: 0, max: 3 }), fc.nat(50)), { selector: ([verdict]) => verdict })
      .map((list) => list.map(([verdict, connections]) => share(verdict, connections)));
    fc.assert(
      fc.property(shares, shares, (outbound, inbound) => {
        const sum = (list: readonly { connections: number }[]): number =>
          list.reduce((total, { connections }) => total + connections, 0);
        const total = sum(decisionsOf({ outbound, inbound }));
        const blockedAtSource = outbound.filter(({ verdict }) => verdict === blocked);
        expect(total).toBe(Math.max(sum(outbound), sum(inbound) + sum(blockedAtSource)));
      }),
    );
  });
});
