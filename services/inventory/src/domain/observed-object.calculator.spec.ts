import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { judgeObservation, remembered } from './observed-object.calculator.js';
import type { EpochOrder, ObservedObject, Verdict } from './observed-object.calculator.js';

const epochs: EpochOrder = new Map([
  ['first', 1],
  ['second', 2],
]);
const seen = (over: Partial<ObservedObject> = {}): ObservedObject => ({
  uid: 'u1',
  resourceVersion: '5',
  epoch: 'first',
  gone: false,
  body: { a: 1 },
  ...over,
});

describe('an observation', () => {
  it('of an object that nobody knows makes it appear, unless it says that the object is gone', () => {
    expect(judgeObservation(null, seen({ epoch: 'second' }), epochs)).toBe('appeared');
    expect(judgeObservation(null, seen({ epoch: 'second', gone: true }), epochs)).toBe('stale');
  });
  it('counts as a change only when the state differs', () => {
    expect(judgeObservation(seen(), seen({ resourceVersion: '6', body: { a: 2 } }), epochs)).toBe('changed');
    expect(judgeObservation(seen(), seen({ resourceVersion: '6' }), epochs)).toBe('same');
  });
  it('that is repeated or overtaken changes nothing', () => {
    expect(judgeObservation(seen(), seen(), epochs)).toBe('stale');
    expect(
      judgeObservation(
        seen({ resourceVersion: '10' }),
        seen({ resourceVersion: '9', body: { a: 2 } }),
        epochs,
      ),
    ).toBe('stale');
  });
  it('of a later list is believed even with a lower resource version, of an earlier list never again', () => {
    expect(
      judgeObservation(
        seen({ resourceVersion: '900' }),
        seen({ epoch: 'second', resourceVersion: '3', body: { a: 2 } }),
        epochs,
      ),
    ).toBe('changed');
    expect(
      judgeObservation(
        seen({ epoch: 'second', resourceVersion: '3' }),
        seen({ resourceVersion: '900', body: { a: 2 } }),
        epochs,
      ),
    ).toBe('stale');
    expect(
      judgeObservation(seen(), seen({ epoch: 'third', resourceVersion: '1', body: { a: 2 } }), epochs),
    ).toBe('changed');
  });
  it('of the end of an earlier object of the same name leaves the present one', () => {
    const present = seen({ uid: 'u2', resourceVersion: '7' });
    const end = seen({ uid: 'u1', resourceVersion: '8', gone: true });
    expect(judgeObservation(present, end, epochs)).toBe('same');
    expect(remembered(present, end, 'same')).toEqual(present);
  });
  it('of a life after death makes the object appear again', () => {
    expect(judgeObservation(seen({ gone: true }), seen({ resourceVersion: '6' }), epochs)).toBe('appeared');
  });
});

describe('any sequence of observations of one list', () => {
  it('ends alike when it is repeated and shuffled', () => {
    const one = new Map([['first', 1]]);
    const history = fc.array(fc.record({ gone: fc.boolean(), a: fc.integer({ min: 0, max: 3 }) }), {
      minLength: 1,
      maxLength: 8,
    });
    const run = (observations: readonly ObservedObject[]): { body: unknown } | null => {
      let known: ObservedObject | null = null;
      for (const each of observations) {
        const verdict: Verdict = judgeObservation(known, each, one);
        known = remembered(known, each, verdict);
      }
      return known === null || (known as ObservedObject).gone
        ? null
        : { body: (known as ObservedObject).body };
    };
    fc.assert(
      fc.property(
        history.chain((steps) => {
          const inOrder = steps.map((step, index) =>
            seen({ resourceVersion: `${index + 1}`, gone: step.gone, body: { a: step.a } }),
          );
          return fc.tuple(
            fc.constant(inOrder),
            fc.shuffledSubarray([...inOrder, ...inOrder], { minLength: inOrder.length * 2 }),
          );
        }),
        ([inOrder, shuffled]) => {
          expect(run(shuffled)).toEqual(run(inOrder));
        },
      ),
    );
  });
});
