import { describe, expect, it } from 'vitest';
import { NodeShares } from './node-shares.js';
import type { Taken } from './node-shares.js';

const share = { messages: 10, messagesPerSecond: 2, bytes: 1_000, bytesPerSecond: 100, patience: 5 };
const times = (shares: NodeShares, node: string, count: number, now: number, bytes = 1): Taken[] =>
  Array.from({ length: count }, () => shares.take(node, bytes, now));

describe('the share of a node', () => {
  it('is its own: what one says beyond it is dropped, and costs no other anything', () => {
    const shares = new NodeShares(share);
    expect(times(shares, 'n1', 13, 0)).toEqual([...Array(10).fill('taken'), ...Array(3).fill('dropped')]);
    expect(times(shares, 'n2', 3, 0)).toEqual(['taken', 'taken', 'taken']);
  });

  it('fills again with time, up to what it was', () => {
    const shares = new NodeShares(share);
    times(shares, 'n1', 11, 0);
    expect(times(shares, 'n1', 3, 1_000)).toEqual(['taken', 'taken', 'dropped']);
    expect(times(shares, 'n1', 11, 1_000_000).filter((each) => each === 'taken')).toHaveLength(10);
  });

  it('counts bytes beside messages', () => {
    const shares = new NodeShares(share);
    expect([600, 600, 300].map((bytes) => shares.take('n1', bytes, 0))).toEqual([
      'taken',
      'dropped',
      'taken',
    ]);
  });

  it('calls it abuse once, where a node goes on and on', () => {
    const shares = new NodeShares(share);
    const said = times(shares, 'n1', 100, 0);
    expect(said.indexOf('abuse')).toBe(14);
    expect(said.filter((each) => each === 'abuse')).toHaveLength(1);
  });
});
