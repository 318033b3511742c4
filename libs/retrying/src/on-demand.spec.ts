import { describe, expect, it } from 'vitest';
import { onDemand } from './on-demand.js';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('work on demand', () => {
  it('is done one at a time, and once more for all who asked while it ran', async () => {
    let begun = 0;
    let end: () => void = () => undefined;
    const work = (): Promise<void> => {
      begun += 1;
      return new Promise((resolve) => (end = resolve));
    };
    const demand = onDemand(work, { signal: undefined, onError: () => undefined });
    demand.ask();
    for (let n = 0; n < 3; n += 1) demand.ask();
    await turn();
    end();
    await turn();
    expect(begun).toBe(2);
    end();
    await demand.settled();
    expect(begun).toBe(2);
  });

  it('is tried until it succeeds, or until the signal', async () => {
    const ended = new AbortController();
    let tries = 0;
    const work = async (): Promise<void> => {
      tries += 1;
      if (tries % 3 !== 0) throw new Error('not yet');
    };
    const demand = onDemand(work, { signal: ended.signal, onError: () => undefined, firstPauseMs: 1 });
    demand.ask();
    await demand.settled();
    expect(tries).toBe(3);
    ended.abort();
    demand.ask();
    await demand.settled();
    expect(tries).toBe(3);
  });
});
