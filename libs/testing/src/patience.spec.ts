import { describe, expect, it } from 'vitest';
import { Stalled, untilDone } from './patience.js';
import type { Look } from './patience.js';

const patience = { what: 'the end', stalledAfterMs: 40, everyMs: 2 };

function looks(...all: Look<string>[]): () => Promise<Look<string>> {
  return () => Promise.resolve((all.length > 1 ? all.shift() : all[0])!);
}

describe('patience', () => {
  it('lasts as long as something moves, however long that is', async () => {
    const steps = Array.from({ length: 40 }, (_, i): Look<string> => ({ missing: 'half', sign: i }));
    const from = performance.now();
    expect(await untilDone(looks(...steps, { done: 'there' }), patience)).toBe('there');
    expect(performance.now() - from).toBeGreaterThan(patience.stalledAfterMs);
  });

  it('ends when nothing moves, and says what was awaited and what was missing', async () => {
    const waiting = untilDone(looks({ missing: 'no list of pods yet' }), patience);
    await expect(waiting).rejects.toThrow(Stalled);
    await expect(waiting).rejects.toThrow(/waiting for the end: .*no list of pods yet/);
  });
});
