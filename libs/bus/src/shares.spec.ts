import { describe, expect, it } from 'vitest';
import { Shares } from './shares.js';
import type { Taken } from './shares.js';

const share = {
  ...{ messages: 10, messagesPerSecond: 2, bytes: 1_000, bytesPerSecond: 100 },
  ...{ subjects: 3, patience: 5 },
};
const DAY_MS = 86_400_000;
const times = (shares: Shares, writer: string, count: number, now: number, bytes = 1): Taken[] =>
  Array.from({ length: count }, () => shares.take(writer, { subject: 's', bytes }, now));

describe('the share of a writer', () => {
  it('is its own: what one says beyond it is dropped, and costs no other anything', () => {
    const shares = new Shares(share);
    expect(times(shares, 'n1', 13, 0)).toEqual([...Array(10).fill('taken'), ...Array(3).fill('dropped')]);
    expect(times(shares, 'n2', 3, 0)).toEqual(['taken', 'taken', 'taken']);
  });

  it('fills again with time, up to what it was', () => {
    const shares = new Shares(share);
    times(shares, 'n1', 11, 0);
    expect(times(shares, 'n1', 3, 1_000)).toEqual(['taken', 'taken', 'dropped']);
    expect(times(shares, 'n1', 11, 1_000_000).filter((each) => each === 'taken')).toHaveLength(10);
  });

  it('counts bytes beside messages', () => {
    const shares = new Shares(share);
    expect([600, 600, 300].map((bytes) => times(shares, 'n1', 1, 0, bytes)[0])).toEqual([
      'taken',
      'dropped',
      'taken',
    ]);
  });

  it('names only so many subjects a day, the ones that it named before among them', () => {
    const shares = new Shares(share);
    const say = (subject: string, now: number): Taken => shares.take('n1', { subject, bytes: 1 }, now);
    expect(['a', 'b', 'c', 'd', 'a'].map((subject) => say(subject, 0))).toEqual([
      ...['taken', 'taken', 'taken'],
      ...['dropped', 'taken'],
    ]);
    expect(say('d', DAY_MS + 1)).toBe('taken');
  });

  it('calls it abuse once, where a writer goes on and on', () => {
    const shares = new Shares(share);
    const said = times(shares, 'n1', 100, 0);
    expect(said.indexOf('abuse')).toBe(14);
    expect(said.filter((each) => each === 'abuse')).toHaveLength(1);
  });

  it('calls few messages abuse, too, where they are large', () => {
    const shares = new Shares(share);
    expect(times(shares, 'n1', 4, 0, 600)).toEqual(['taken', 'dropped', 'abuse', 'dropped']);
  });
});
