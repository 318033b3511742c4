import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EventCorrelator } from './event-correlator.js';
import type { CountedEvent, EventText, InvolvedObject } from './event-correlator.js';

const pod = (name: string): InvolvedObject => ({ kind: 'Pod', apiVersion: 'v1', namespace: 'shop', name });
const unhealthy = (message: string): EventText => ({ type: 'Warning', reason: 'Unhealthy', message });

/** Says all of it, a second apart. */
function said(texts: readonly EventText[], correlator = new EventCorrelator()): (CountedEvent | undefined)[] {
  return texts.map((text, second) => correlator.next(pod('web'), text, second * 1_000));
}

describe('what is said of an object', () => {
  it('is counted when it is said again, in the same words and the same event', () => {
    const [first, second, other] = said([unhealthy('a'), unhealthy('a'), unhealthy('b')]);
    expect(second).toMatchObject({ name: first?.name, count: 2, firstMs: 0, lastMs: 1_000 });
    expect(other).toMatchObject({ count: 1, firstMs: 2_000 });
    expect(other?.name).not.toBe(first?.name);
  });

  it('is the same when only the id of an attempt differs', () => {
    const refused = (digit: string): EventText => unhealthy(`sandbox ${digit.repeat(64)} refused`);
    const [, second] = said([refused('a'), refused('b')]);
    expect(second).toMatchObject({ count: 2, message: refused('b').message });
  });

  it('is told as one from the eleventh wording on, for as long as it goes on', () => {
    const wordings = Array.from({ length: 13 }, (_, at) => unhealthy(`answer ${at}`));
    const correlator = new EventCorrelator();
    const events = said(wordings, correlator);
    expect(new Set(events.map((event) => event?.name)).size).toBe(11);
    expect(events.at(-1)).toMatchObject({ message: '(combined from similar events): answer 12', count: 3 });
    const later = correlator.next(pod('web'), unhealthy('answer 99'), 3_600_000);
    expect(later).toMatchObject({ message: 'answer 99', count: 1 });
  });

  it('is told anew when what was told is gone', () => {
    const correlator = new EventCorrelator();
    const [first] = said([unhealthy('a')], correlator);
    correlator.forget(first as CountedEvent);
    const again = correlator.next(pod('web'), unhealthy('a'), 1_000);
    expect(again?.count).toBe(1);
    expect(again?.name).not.toBe(first?.name);
  });

  it('is told twenty-five times at most and then every five minutes, whatever is said', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat({ max: 3 }), fc.nat({ max: 120_000 })), { minLength: 1, maxLength: 200 }),
        (sayings) => {
          const correlator = new EventCorrelator();
          let nowMs = 0;
          const toldAt: number[] = [];
          for (const [wording, pauseMs] of sayings) {
            nowMs += pauseMs;
            if (correlator.next(pod('web'), unhealthy(String(wording)), nowMs) !== undefined)
              toldAt.push(nowMs);
          }
          const startedMs = sayings[0]?.[1] ?? 0;
          expect(toldAt.length).toBeLessThanOrEqual(25 + (nowMs - startedMs) / 300_000);
          if (sayings.length <= 15) expect(toldAt).toHaveLength(sayings.length);
        },
      ),
    );
  });

  it('leaves room for news, however often the old was repeated', () => {
    const correlator = new EventCorrelator();
    const repeated = said(
      Array.from({ length: 40 }, () => unhealthy('a')),
      correlator,
    );
    expect(repeated.filter((event) => event !== undefined)).toHaveLength(15);
    const news = Array.from({ length: 12 }, (_, at) => unhealthy(`news ${at}`));
    expect(said(news, correlator).filter((event) => event !== undefined)).toHaveLength(10);
  });

  it('takes nothing from what is said of another', () => {
    const correlator = new EventCorrelator();
    said(
      Array.from({ length: 40 }, () => unhealthy('a')),
      correlator,
    );
    expect(correlator.next(pod('other'), unhealthy('a'), 40_000)?.count).toBe(1);
    expect(correlator.next(pod('web'), unhealthy('a'), 40_000)).toBeUndefined();
  });
});
