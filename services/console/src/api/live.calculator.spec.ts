import { describe, expect, it } from 'vitest';
import type { Live } from './live.calculator.js';
import { answered, failed, NOTHING_YET, pauseOf } from './live.calculator.js';

const failing = <T>(live: Live<T>, times: number): Live<T> =>
  Array.from({ length: times }, (_, index) => 1_000 + index).reduce(
    (now, at) => failed(now, 'away', at),
    live,
  );

describe('what a page knows', () => {
  it('is the newest answer, also while there is no newer one', () => {
    const stale = failing(answered('fine', 500), 3);
    expect(stale).toEqual({
      value: 'fine',
      answeredAt: 500,
      trouble: { message: 'away', since: 1_000, attempts: 3 },
    });
    expect(answered('better', 9_000)).toMatchObject({ value: 'better', trouble: undefined });
  });

  it('is nothing, with a reason, when the first question fails', () => {
    expect(failing(NOTHING_YET, 1)).toMatchObject({ value: undefined, trouble: { message: 'away' } });
  });

  it('is asked for less often the longer nobody answers, and never less than four times a minute', () => {
    const pauses = [0, 1, 2, 3, 4, 5, 50].map((times) => pauseOf(failing(NOTHING_YET, times)));
    expect(pauses).toEqual([2_000, 2_000, 4_000, 8_000, 15_000, 15_000, 15_000]);
  });
});
