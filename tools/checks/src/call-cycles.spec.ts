import { describe, expect, it } from 'vitest';
import { callCycles } from './call-cycles.js';

const called = (graph: Readonly<Record<string, readonly string[]>>): string[] =>
  callCycles(Object.entries(graph).map(([service, calls]) => ({ service, calls })));

describe('cycles of calls', () => {
  it('are none where everybody calls one way', () => {
    expect(called({ a: ['b.x', 'c.x'], b: ['c.x', 'c.y'], c: [] })).toEqual([]);
  });

  it('are found between two', () => {
    expect(called({ a: ['b.x', 'b.y'], b: ['a.x'] })).toEqual(['a → b → a']);
  });

  it('are none where one only asks to be told everything again, or whether all has been told, or reports', () => {
    expect(called({ a: ['b.x'], b: ['a.resync', 'a.said', 'a.beyond-share'] })).toEqual([]);
  });

  it('are found through others, each once', () => {
    expect(called({ c: ['a.x'], a: ['b.x'], b: ['c.x', 'd.x'], d: ['b.x'] })).toEqual([
      'a → b → c → a',
      'b → d → b',
    ]);
  });

  it('are found of one that calls itself', () => {
    expect(called({ a: ['a.x'] })).toEqual(['a → a']);
  });
});
