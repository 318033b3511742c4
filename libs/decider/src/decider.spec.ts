import { describe, expect, it } from 'vitest';
import { guarded, reject } from './decider.js';
import type { Decider } from './decider.js';
import { specification } from './testing.js';

type Opened = { readonly type: 'DoorOpened'; readonly data: { readonly by: string } };
type Closed = { readonly type: 'DoorClosed'; readonly data: { readonly by: string } };
type DoorCommand = { readonly type: 'open' | 'close'; readonly by: string };

const door: Decider<{ readonly isOpen: boolean }, DoorCommand, Opened | Closed> = {
  initial: { isOpen: false },
  decide(state, command) {
    if (command.by === '') return reject('nobody', 'say who opens the door', 'INVALID_ARGUMENT');
    if (command.type === 'open')
      return state.isOpen ? [] : [{ type: 'DoorOpened', data: { by: command.by } }];
    return state.isOpen ? [{ type: 'DoorClosed', data: { by: command.by } }] : [];
  },
  evolve: (_, event) => ({ isOpen: event.type === 'DoorOpened' }),
};
const opened: Opened = { type: 'DoorOpened', data: { by: 'ann' } };

describe('a specification of a decider', () => {
  const spec = specification(door);

  it('accepts the events that the decider decides', () => {
    spec.given().when({ type: 'open', by: 'ann' }).then(opened);
  });

  it('folds what was given before it decides', () => {
    spec.given(opened).when({ type: 'open', by: 'bob' }).nothing();
    spec
      .given(opened)
      .when({ type: 'close', by: 'bob' })
      .then({ type: 'DoorClosed', data: { by: 'bob' } });
  });

  it('knows a rejection by its reason', () => {
    spec.given().when({ type: 'open', by: '' }).rejected('nobody');
  });

  it('fails on other events, on another reason, and on an unexpected rejection', () => {
    const outcome = spec.given().when({ type: 'open', by: 'ann' });
    expect(() => outcome.nothing()).toThrow(/but decided/);
    expect(() => outcome.rejected('nobody')).toThrow(/but decided/);
    expect(() => spec.given().when({ type: 'open', by: '' }).then(opened)).toThrow(/nobody/);
  });
});

describe('a guarded decider', () => {
  const guardedCounter = guarded(
    {
      initial: 0,
      decide: (_: number, to: number) =>
        to < 0 ? reject('negative', 'only upwards') : [{ type: 'Counted', data: to }],
      evolve: (_: number, { data }: { readonly type: 'Counted'; readonly data: number }) => data,
    },
    (state) => (state > 9 ? reject('too-far', 'not beyond nine', 'PERMISSION_DENIED') : null),
  );
  const decide = (from: number, to: number) => guardedCounter.decide(from, to);

  it('goes only from where one may be to where one may be', () => {
    expect(decide(1, 9)).toEqual([{ type: 'Counted', data: 9 }]);
    expect(decide(1, 10)).toMatchObject({ reason: 'too-far' });
    expect(decide(10, 1)).toMatchObject({ reason: 'too-far' });
    expect(decide(10, -1)).toMatchObject({ reason: 'too-far' });
    expect(decide(1, -1)).toMatchObject({ reason: 'negative' });
  });
});
