import { describe, expect, it } from 'vitest';
import { pause, retrying } from './retrying.js';

const quick = { firstPauseMs: 1, longestPauseMs: 4 };

function failing(times: number): { work: () => Promise<string>; tries: () => number } {
  let tries = 0;
  return {
    work: async () => {
      tries += 1;
      if (tries <= times) throw new Error(`try ${tries}`);
      return 'done';
    },
    tries: () => tries,
  };
}

describe('work that fails at first', () => {
  it('is tried until it succeeds, and each failure is told', async () => {
    const { work } = failing(3);
    const told: unknown[] = [];
    const result = await retrying(work, {
      ...quick,
      signal: undefined,
      onError: (error) => told.push((error as Error).message),
    });
    expect(result).toBe('done');
    expect(told).toEqual(['try 1', 'try 2', 'try 3']);
  });

  it('is not tried again after a failure that the caller throws on', async () => {
    const { work, tries } = failing(3);
    const onError = (error: unknown): void => {
      if (tries() === 2) throw error;
    };
    await expect(retrying(work, { ...quick, signal: undefined, onError })).rejects.toThrow('try 2');
  });

  it('ends with the signal, in the middle of a pause', async () => {
    const { work, tries } = failing(3);
    const ended = new AbortController();
    const onError = (): void => queueMicrotask(() => ended.abort());
    const result = await retrying(work, { signal: ended.signal, onError, firstPauseMs: 60_000 });
    expect(result).toBeUndefined();
    expect(tries()).toBe(1);
  });

  it('is not begun once the signal came', async () => {
    const { work, tries } = failing(0);
    expect(await retrying(work, { signal: AbortSignal.abort(), onError: () => undefined })).toBeUndefined();
    expect(tries()).toBe(0);
  });
});

describe('a pause', () => {
  it('is over at once when the signal ends it, and leaves nothing to be caught', async () => {
    await expect(pause(60_000, AbortSignal.abort())).resolves.toBeUndefined();
  });
});
