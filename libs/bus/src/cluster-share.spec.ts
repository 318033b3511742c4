import { describe, expect, it } from 'vitest';
import { clusterGate, clusterPace } from './cluster-share.js';
import type { BeyondShare } from './cluster-share.js';
import { noMetrics } from './metrics.js';
import { Shares } from './shares.js';

const AT = new Date('2026-01-01T00:00:00Z');

describe('the gate of a stream that many clusters write', () => {
  const gate = (stream: string, told: BeyondShare[] = []) =>
    clusterGate(stream, {
      ...{ metrics: noMetrics, onAbuse: (abuse) => void told.push(abuse), now: () => AT.getTime() },
    });
  const after = (ms: number): Date => new Date(AT.getTime() + ms);

  it('drops what is beyond the share, and names once who goes on and on', () => {
    const told: BeyondShare[] = [];
    const admits = gate('ACKS', told);
    const say = (): boolean => admits({ subject: 'ack.a.node.n1', bytes: 2, storedAt: AT, waiting: 0 });
    const taken = Array.from({ length: 20_000 }, say).filter(Boolean);
    expect(taken).toHaveLength(4_096);
    expect(told).toEqual([
      {
        ...{ cluster: 'a', stream: 'ACKS', at: AT.toISOString() },
        detail: '2 bytes on ack.a.node.n1, 0 more wait',
      },
    ]);
  });

  it('knows a flood by what waits behind its first message, and takes that one', () => {
    const told: BeyondShare[] = [];
    const admits = gate('ACKS', told);
    const say = (waiting: number, storedAt: Date): boolean =>
      admits({ subject: 'ack.a.node.n1', bytes: 2, storedAt, waiting });
    // An hour of it, while nobody read.
    expect(say(3_600_000, after(-3_600_000))).toBe(true);
    expect(told).toEqual([]);
    expect([say(20_000, AT), say(19_999, AT)]).toEqual([true, true]);
    expect(told).toHaveLength(1);
  });

  it('counts by the time of storing: what waited for a reader that was away is no flood', () => {
    const admits = gate('FLOWS');
    const say = (index: number): boolean =>
      admits({ subject: 'flow.a.batch.n1', bytes: 10, storedAt: after(index), waiting: 0 });
    expect(Array.from({ length: 50_000 }, (_, index) => say(index)).every(Boolean)).toBe(true);
  });

  it('takes no more subjects than a cluster has', () => {
    const admits = gate('AGENTS');
    const say = (index: number): boolean =>
      admits({ subject: `agent.a.heartbeat.n${index}`, bytes: 10, storedAt: after(index), waiting: 0 });
    expect(Array.from({ length: 30_000 }, (_, index) => say(index)).filter(Boolean)).toHaveLength(20_000);
  });
});

describe('who keeps pace', () => {
  const share = {
    ...{ messages: 20, messagesPerSecond: 2_000, bytes: 1_000, bytesPerSecond: 100_000 },
    ...{ subjects: 10, patience: 5 },
  };

  it('is never beyond its share, and waits no longer than it must', async () => {
    const clock = { ms: 0, now: () => clock.ms, wait: async (ms: number) => void (clock.ms += ms) };
    const [pace, shares] = [clusterPace(share, clock), new Shares(share)];
    for (let index = 0; index < 500; index += 1) {
      const bytes = 10 + (index % 7) * 20;
      await pace('obs.a.node.n1', bytes);
      expect(shares.take('a', { subject: 'obs.a.node.n1', bytes }, clock.ms)).toBe('taken');
    }
    // 35,000 bytes, 500 of them at once, at half of 100,000 a second.
    expect(clock.ms).toBeCloseTo(687, -1);
  });

  it('is not held up in one lane by what it says in another', async () => {
    const waits: number[] = [];
    const pace = clusterPace(share, { now: () => 0, wait: async (ms) => void waits.push(ms) });
    for (let each = 0; each < 11; each += 1) await pace('obs.a.node.n1', 1);
    expect(waits).toHaveLength(1);
    await pace('ack.a.node.n1', 1);
    expect(waits).toHaveLength(1);
  });
});
