import { describe, expect, it } from 'vitest';
import { expectStateSequence } from './state-sequence.js';
import type { WorldState } from './state-sequence.js';

const states: WorldState<number>[] = [{ a: 1 }, { a: 1, b: 2 }, { b: 3, c: 4 }];
const sum = (state: WorldState<number>): number =>
  Object.values(state).reduce((total, value) => total + value, 0);

describe('a state sequence', () => {
  it('passes a calculator that depends on its current input only', () => {
    const make = () => {
      const held = new Map<string, number>();
      return {
        apply: (key: string, value: number | undefined) =>
          void (value === undefined ? held.delete(key) : held.set(key, value)),
        flush: () => sum(Object.fromEntries(held)),
      };
    };
    expectStateSequence({ states, make, oracle: sum });
  });

  it('catches a calculator that remembers what is gone', () => {
    const make = () => {
      const held = new Map<string, number>();
      return {
        apply: (key: string, value: number | undefined) => void (value !== undefined && held.set(key, value)),
        flush: () => sum(Object.fromEntries(held)),
      };
    };
    expect(() => expectStateSequence({ states, make, oracle: sum })).toThrow(/expected/);
  });
});
