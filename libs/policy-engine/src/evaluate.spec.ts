import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EnforcementMode, RuleClass, WireRule } from '@ringfence/contracts';
import { evaluate, explain, verdictOf } from './evaluate.js';
import {
  anyPacket,
  anyWorld,
  computePolicy,
  inCluster,
  hostAddressesOf,
  membersOf,
  verdictByWords,
} from './testing/index.js';

describe('a verdict', () => {
  it('is what the words say, for random policies, ends and packets', () => {
    const cases = anyWorld
      .filter((world) => world.endpoints.some(({ class: name }) => name !== 'unmanaged'))
      .chain((world) =>
        fc.tuple(fc.constant(world), fc.array(anyPacket(world), { minLength: 5, maxLength: 20 })),
      );
    fc.assert(
      fc.property(cases, ([world, packets]) => {
        const told = inCluster(world, computePolicy(world));
        const members = membersOf(world, told);
        const { units } = told;
        for (const end of world.endpoints.filter((endpoint) => endpoint.class !== 'unmanaged')) {
          for (const direction of ['ingress', 'egress'] as const) {
            for (const packet of packets) {
              const unit = units.get(end.labelSet)!;
              const hostAddresses = hostAddressesOf(world, end);
              const { workload, mode } = end;
              const answer = evaluate({ unit, mode, direction, packet, members, hostAddresses, workload });
              const words = verdictByWords(world, end, direction, packet);
              expect({ ...answer, rule: answer.rule?.ref ?? null }).toEqual({
                decision: words.decision,
                verdict: words.verdict,
                rule: words.ref,
              });
            }
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  it.each<[EnforcementMode, string, string, string]>([
    ['idle', 'unknown', 'unknown', 'unknown'],
    ['visibility_only', 'allowed', 'potentially_blocked', 'potentially_blocked'],
    ['selective', 'allowed', 'blocked', 'potentially_blocked'],
    ['full', 'allowed', 'blocked', 'blocked'],
  ])('in mode %s reads allow, deny and none as %s, %s, %s', (mode, allow, deny, none) => {
    expect(verdictOf('allow', mode)).toBe(allow);
    expect(verdictOf('deny', mode)).toBe(deny);
    expect(verdictOf('none', mode)).toBe(none);
  });
});

describe('an explanation', () => {
  const members = { contains: () => true };
  const rule = (name: RuleClass): WireRule => ({
    ref: name,
    class: name,
    ports: [{ proto: 6 }],
    peers: ['g-00000000000000000000'],
  });
  const end = (ingress: WireRule[], egress: WireRule[], mode: EnforcementMode = 'full') => ({
    unit: { mode, ingress, egress },
    hostAddresses: new Set<string>(),
  });
  const ask = (source: ReturnType<typeof end> | null, destination: ReturnType<typeof end> | null) =>
    explain({
      packet: { proto: 6, port: 80 },
      sourceAddress: '10.0.0.1',
      destinationAddress: '10.0.0.2',
      source,
      destination,
      members,
    });

  it('names the end that misses a rule', () => {
    const answer = ask(end([], []), end([rule('allow')], []));
    expect(answer.verdict).toBe('blocked');
    expect(answer.reason).toEqual({ kind: 'rule-missing', ends: ['source'] });
  });

  it('names both ends when both miss one', () => {
    expect(ask(end([], []), end([], [])).reason).toEqual({
      kind: 'rule-missing',
      ends: ['source', 'destination'],
    });
  });

  it('names the rule that denies, and where', () => {
    const answer = ask(end([], [rule('allow')]), end([rule('override_deny'), rule('allow')], []));
    expect(answer.reason).toEqual({ kind: 'denied', end: 'destination', rule: rule('override_deny') });
  });

  it('names the rules of both ends when the connection is allowed', () => {
    const answer = ask(end([], [rule('allow')]), end([rule('essential')], []));
    expect(answer.verdict).toBe('allowed');
    expect(answer.reason).toEqual({ kind: 'allowed', rules: [rule('allow'), rule('essential')] });
  });

  it('judges by the one end that is enforced', () => {
    expect(ask(null, end([rule('allow')], [])).verdict).toBe('allowed');
    expect(ask(end([], [], 'idle'), null).reason).toEqual({ kind: 'not-enforced' });
    expect(ask(null, null).verdict).toBe('unknown');
  });

  it('blames the end that blocks, not the one that would only have said so', () => {
    const answer = ask(end([], [rule('deny')], 'visibility_only'), end([], []));
    expect(answer.verdict).toBe('blocked');
    expect(answer.reason).toEqual({ kind: 'rule-missing', ends: ['destination'] });
  });
});
