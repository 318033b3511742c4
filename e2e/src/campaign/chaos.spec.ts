import { describe, expect, it } from 'vitest';
import { Chaos } from './chaos.js';
import type { Fault } from './faults.js';
import { Random } from './random.js';

interface Played {
  readonly begun: string[];
  readonly overlaps: string[];
  readonly stuck: string[];
  readonly chaos: Chaos;
}

/** Faults that last for nothing, one of which never heals. */
async function play(seed: number, count: number): Promise<Played> {
  const played = { begun: [] as string[], overlaps: [] as string[], stuck: [] as string[] };
  const active = new Set<string>();
  const ending = new AbortController();
  const fault = (name: string, subject: string): Fault => ({
    ...{ name, subject, leastMs: 0, mostMs: 1 },
    begin: () => {
      if (active.has(subject)) played.overlaps.push(name);
      active.add(subject);
    },
    end: () => void active.delete(subject),
    healed: () => (name === 'kill b' ? Promise.reject(new Error('no answer')) : Promise.resolve()),
  });
  const chaos = new Chaos({
    faults: ['a', 'b', 'c'].flatMap((part) => [fault(`kill ${part}`, part), fault(`freeze ${part}`, part)]),
    random: new Random(seed),
    atOnce: 2,
    pauseMs: [0, 1],
    onBegin: ({ name }) => {
      played.begun.push(name);
      if (played.begun.length === count) ending.abort();
    },
    onStuck: (name) => played.stuck.push(name),
  });
  await chaos.run(ending.signal);
  return { ...played, chaos };
}

describe('chaos', () => {
  it('does everything once before anything twice, and never two things to one part at once', async () => {
    const { begun, overlaps } = await play(1, 12);
    expect(new Set(begun.slice(0, 6)).size).toBe(6);
    expect(new Set(begun.slice(6, 12)).size).toBe(6);
    expect(overlaps).toEqual([]);
  });

  it('gives every fault what it needs of a healthy stack before the first of them begins', async () => {
    const order: string[] = [];
    const fault = (name: string): Fault => ({
      ...{ name, subject: name, leastMs: 0, mostMs: 1 },
      prepare: async () => void order.push(`prepare ${name}`),
      begin: () => void order.push(`begin ${name}`),
      end: () => undefined,
      healed: () => Promise.resolve(),
    });
    const ending = new AbortController();
    const chaos = new Chaos({
      ...{ faults: ['a', 'b'].map(fault), random: new Random(3), atOnce: 2, pauseMs: [0, 1] },
      onBegin: () => order.length > 3 && ending.abort(),
      onStuck: () => undefined,
    });
    await chaos.prepare();
    await chaos.run(ending.signal);
    expect(order.slice(0, 2)).toEqual(['prepare a', 'prepare b']);
    expect(order[2]).toMatch(/^begin/);
  });

  it('says what did not recover, and goes on', async () => {
    const { stuck, chaos } = await play(2, 6);
    expect(stuck).toEqual(['kill b']);
    expect(chaos.timeline.filter(({ healed }) => healed === null).map(({ name }) => name)).toEqual([
      'kill b',
    ]);
  });
});

describe('chance', () => {
  it('is the same for the same seed, and another for another', () => {
    const drawn = (seed: number): number[] => {
      const random = new Random(seed);
      return Array.from({ length: 20 }, () => random.whole(0, 1_000));
    };
    expect(drawn(7)).toEqual(drawn(7));
    expect(drawn(7)).not.toEqual(drawn(8));
    expect(drawn(9).every((value) => value >= 0 && value <= 1_000)).toBe(true);
  });
});
