import { describe, expect, it } from 'vitest';
import { isOnlineAgent, timerFor } from './offline.js';

const timers = {
  disconnected: [
    { scope: [], seconds: 300 },
    { scope: ['web'], seconds: 60 },
    { scope: ['web', 'prod'], seconds: 10 },
    { scope: ['lab'], seconds: -1 },
  ],
  goodbye: [{ scope: [], seconds: 900 }],
};

describe('the timer of a workload', () => {
  it.each([
    [[], 300],
    [['db'], 300],
    [['web'], 60],
    [['prod', 'web', 'db'], 10],
    [['lab'], -1],
    [['web', 'lab'], 60],
  ])('with the labels %j is that of the narrowest scope that fits', (labels, seconds) =>
    expect(timerFor(timers.disconnected, labels)).toBe(seconds),
  );

  it('is none where nothing was set', () => expect(timerFor([], ['web'])).toBe(-1));
});

describe('a managed workload', () => {
  const now = new Date('2026-01-01T12:00:00Z');
  const ago = (seconds: number): Date => new Date(now.getTime() - seconds * 1_000);
  const hearing = { now, listeningSince: ago(86_400) };
  const active = (seconds: number) =>
    ({ status: 'active', lastHeartbeat: ago(seconds), lastGoodbye: null }) as const;
  const stopped = (seconds: number) =>
    ({ status: 'stopped', lastHeartbeat: ago(seconds), lastGoodbye: ago(seconds) }) as const;

  it('is offline after its silence, its goodbye, or never, as is set for its labels', () => {
    const isOnline = (agent: Parameters<typeof isOnlineAgent>[0], ...labels: string[]) =>
      isOnlineAgent(agent, labels, timers, hearing);
    expect([isOnline(active(299)), isOnline(active(301))]).toEqual([true, false]);
    expect([isOnline(active(59), 'web'), isOnline(active(61), 'web')]).toEqual([true, false]);
    expect(isOnline(active(80_000), 'lab')).toBe(true);
    expect([isOnline(stopped(899)), isOnline(stopped(901))]).toEqual([true, false]);
  });

  it('is not silent while nobody listened, but gone since it said goodbye', () => {
    const deaf = { now, listeningSince: ago(1) };
    expect(isOnlineAgent(active(1_000), [], timers, deaf)).toBe(true);
    expect(isOnlineAgent(stopped(1_000), [], timers, deaf)).toBe(false);
  });
});
