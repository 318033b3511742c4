/** What is kept is bounded in number and in time, and everything that was opened is closed in the end. */
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { RecentlyUsed } from './recently-used.js';

class Opened {
  isClosed = false;
  close(): void {
    this.isClosed = true;
  }
}

describe('what was used last', () => {
  it('is the same until more others were used than are kept', () => {
    const recent = new RecentlyUsed<string, Opened>({ most: 2, forMs: 60_000 });
    const [a, b] = ['a', 'b'].map((owner) => recent.of(owner, () => new Opened()));
    expect(recent.of('a', () => new Opened())).toBe(a);
    recent.of('c', () => new Opened());
    expect([a?.isClosed, b?.isClosed]).toEqual([false, true]);
    recent.giveUp('a');
    expect(a?.isClosed).toBe(true);
    expect(recent.of('a', () => new Opened())).not.toBe(a);
  });

  it('is given up when nobody used it for a while', async () => {
    const recent = new RecentlyUsed<string, Opened>({ most: 2, forMs: 10 });
    const opened = recent.of('a', () => new Opened());
    for (let turn = 0; turn < 100 && !opened.isClosed; turn += 1) await pause(10);
    expect(opened.isClosed).toBe(true);
    expect(recent.of('a', () => new Opened()).isClosed).toBe(false);
  });
});
