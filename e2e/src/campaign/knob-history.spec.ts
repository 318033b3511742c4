import { describe, expect, it } from 'vitest';
import { KnobHistory } from './knob-history.js';

const history = (): KnobHistory => new KnobHistory({ 'mode:a': 'full' });

describe('the history of a knob', () => {
  it('keeps every value possible until a later one is in force', () => {
    const knobs = history();
    knobs.ask('mode:a', 'idle', 10);
    knobs.accept('mode:a', 11);
    knobs.ask('mode:a', 'selective', 20);
    knobs.accept('mode:a', 21);
    expect(knobs.possible('mode:a', 25, 26)).toEqual(['full', 'idle', 'selective']);
    knobs.settle(30, 15);
    expect(knobs.possible('mode:a', 31, 32)).toEqual(['idle', 'selective']);
    knobs.settle(40, 35);
    expect(knobs.possible('mode:a', 41, 42)).toEqual(['selective']);
  });

  it('remembers what was possible then', () => {
    const knobs = history();
    knobs.ask('mode:a', 'idle', 10);
    knobs.accept('mode:a', 11);
    knobs.settle(30, 20);
    expect(knobs.possible('mode:a', 0, 5)).toEqual(['full']);
    expect(knobs.possible('mode:a', 5, 12)).toEqual(['full', 'idle']);
    expect(knobs.possible('mode:a', 29, 40)).toEqual(['full', 'idle']);
    expect(knobs.possible('mode:a', 30, 40)).toEqual(['idle']);
  });

  it('believes no answer about a change that was not taken when the answer was asked for', () => {
    const knobs = history();
    knobs.ask('mode:a', 'idle', 10);
    knobs.settle(30, 20);
    expect(knobs.unsettled()).toEqual(['mode:a']);
    knobs.accept('mode:a', 40);
    knobs.settle(50, 40);
    expect(knobs.unsettled()).toEqual(['mode:a']);
    knobs.settle(60, 41);
    expect(knobs.unsettled()).toEqual([]);
  });
});
