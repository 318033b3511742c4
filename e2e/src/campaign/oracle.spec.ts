import { describe, expect, it } from 'vitest';
import type { Knob, Protocol } from './model.js';
import { opinionOf } from './oracle.js';
import { at, knobs, POLICY } from './testing/town.builder.js';

interface Question {
  readonly from?: { namespace: string; role: string };
  readonly to?: { namespace: string; role: string };
  readonly proto?: Protocol;
  readonly port?: number;
  readonly values?: Partial<Record<Knob, string>>;
}

function passes({ from, to, proto = 6, port = 80, values }: Question): boolean {
  const history = knobs(values);
  const packet = { from: from ?? at('shop', 'client'), to: to ?? at('shop', 'server'), proto, port };
  const { mayPass, mayBeDropped } = opinionOf(POLICY, packet, (knob) => history.possible(knob, 0, 1));
  expect(mayPass, 'a policy that stands has one answer').toBe(!mayBeDropped);
  return mayPass;
}

describe('the oracle', () => {
  it.each<[string, boolean, Question]>([
    ['an allowed connection', true, {}],
    ['another port', false, { port: 81 }],
    ['another protocol on the port', false, { proto: 17 }],
    ['another role', false, { from: at('shop', 'stranger') }],
    ['the other way round', false, { from: at('shop', 'server'), to: at('shop', 'client') }],
    ['a rule that is off', false, { values: { 'rule:web': 'off' } }],
    ['another namespace of the same scope', true, { from: at('moody', 'client') }],
    [
      'an end outside the scope',
      false,
      { from: at('moody', 'client'), values: { 'env:moody': 'elsewhere' } },
    ],
    ['from where nobody manages', false, { from: at('open', 'client') }],
    ['out to where nobody manages', false, { to: at('open', 'server') }],
    ['between two that nobody manages', true, { from: at('open', 'a'), to: at('open', 'b') }],
    [
      'an end in full and one that only looks',
      false,
      { to: at('moody', 'x'), values: { 'mode:moody': 'visibility_only' } },
    ],
    ['ends that only look', true, { port: 81, values: { 'mode:shop': 'visibility_only' } }],
    ['ends that are idle', true, { port: 81, values: { 'mode:shop': 'idle' } }],
    ['ends that block only what is denied', true, { port: 81, values: { 'mode:shop': 'selective' } }],
  ])('answers for %s', (_what, expected, question) => {
    expect(passes(question)).toBe(expected);
  });

  it('lets both answers be right while a change is on its way, and one before and after', () => {
    const history = knobs();
    history.ask('rule:web', 'off', 100);
    const packet = { from: at('shop', 'client'), to: at('shop', 'server'), proto: 6, port: 80 } as const;
    const opinion = (from: number, to: number) => {
      const { mayPass, mayBeDropped } = opinionOf(POLICY, packet, (knob) => history.possible(knob, from, to));
      return { mayPass, mayBeDropped };
    };
    expect(opinion(10, 90)).toEqual({ mayPass: true, mayBeDropped: false });
    expect(opinion(90, 110)).toEqual({ mayPass: true, mayBeDropped: true });
    expect(opinion(500, 600)).toEqual({ mayPass: true, mayBeDropped: true });
    history.accept('rule:web', 150);
    history.settle(300, 200);
    expect(opinion(200, 310)).toEqual({ mayPass: true, mayBeDropped: true });
    expect(opinion(300, 310)).toEqual({ mayPass: false, mayBeDropped: true });
  });
});
