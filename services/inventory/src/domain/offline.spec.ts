import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Hearing } from './cluster-status.calculator.js';
import { HeardClusters } from './heard-clusters.calculator.js';
import { isLostHost, isOnlineAgent, SHORTEST_SILENCE_SECONDS, timerFor } from './offline.js';
import type { HeardAgent } from './offline.js';

const timers = {
  disconnected: [
    { scope: [], seconds: 3_600 },
    { scope: ['web'], seconds: 60 },
    { scope: ['web', 'prod'], seconds: 40 },
    { scope: ['lab'], seconds: -1 },
  ],
  goodbye: [{ scope: [], seconds: 900 }],
  offlineSeconds: 300,
};

describe('the timer of a workload', () => {
  it.each([
    [[], 3_600],
    [['db'], 3_600],
    [['web'], 60],
    [['prod', 'web', 'db'], 40],
    [['lab'], -1],
    [['web', 'lab'], 60],
  ])('with the labels %j is that of the narrowest scope that fits', (labels, seconds) =>
    expect(timerFor(timers.disconnected, labels)).toBe(seconds),
  );

  it('is none where nothing was set', () => expect(timerFor([], ['web'])).toBe(-1));
});

const at = (second: number): Date => new Date(Date.parse('2026-01-01T00:00:00Z') + second * 1_000);
const NOW = 100_000;
const hearing = { now: at(NOW), listeningSince: at(0) };
const ago = (status: HeardAgent['status'], seconds: number): HeardAgent => ({
  ...{ status, heardAt: at(NOW - seconds) },
});

describe('a managed workload', () => {
  const isOnline = (agent: HeardAgent, ...labels: string[]) => isOnlineAgent(agent, labels, timers, hearing);

  it('is offline after a short silence, sooner where its labels say so, or after its goodbye', () => {
    expect([isOnline(ago('active', 299)), isOnline(ago('active', 301))]).toEqual([true, false]);
    expect([isOnline(ago('active', 59), 'web'), isOnline(ago('active', 61), 'web')]).toEqual([true, false]);
    expect([isOnline(ago('active', 299), 'lab'), isOnline(ago('active', 301), 'lab')]).toEqual([true, false]);
    expect([isOnline(ago('stopped', 899)), isOnline(ago('stopped', 901))]).toEqual([true, false]);
  });

  it('is not silent while nobody listened, but gone since it said goodbye', () => {
    const deaf = { now: at(NOW), listeningSince: at(NOW - 1) };
    expect(isOnlineAgent(ago('active', 1_000), [], timers, deaf)).toBe(true);
    expect(isOnlineAgent(ago('stopped', 1_000), [], timers, deaf)).toBe(false);
  });
});

describe('a host', () => {
  const isLost = (wasLost: boolean, agent: HeardAgent, ...labels: string[]) =>
    isLostHost({ ...agent, lost: wasLost }, labels, timers, hearing);

  it('is lost to its peers after the long silence, or the goodbye, that its labels have, or never', () => {
    expect([isLost(false, ago('active', 3_600)), isLost(false, ago('active', 3_601))]).toEqual([false, true]);
    expect(isLost(false, ago('active', 61), 'web')).toBe(true);
    expect(isLost(false, ago('active', 90_000), 'lab')).toBe(false);
    expect([isLost(false, ago('stopped', 900)), isLost(false, ago('stopped', 901))]).toEqual([false, true]);
  });

  it('is not found again because somebody begins to listen anew, but by a word, or by other settings', () => {
    const deaf = { now: at(NOW), listeningSince: at(NOW - 1) };
    expect(isLostHost({ ...ago('active', 4_000), lost: true }, [], timers, deaf)).toBe(true);
    expect(isLostHost({ ...ago('active', 4_000), lost: false }, [], timers, deaf)).toBe(false);
    expect(isLost(true, ago('active', 1))).toBe(false);
    expect(isLost(true, ago('active', 4_000), 'lab')).toBe(false);
  });
});

type Step =
  | { readonly kind: 'pass'; readonly seconds: number }
  | { readonly kind: 'word'; readonly agent: 0 | 1; readonly status: HeardAgent['status'] }
  | { readonly kind: 'hear'; readonly what: 'observer' | 'cluster'; readonly is: boolean }
  | { readonly kind: 'set'; readonly timer: 'disconnected' | 'goodbye'; readonly seconds: number };
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('pass' as const), seconds: fc.integer({ min: 1, max: 80 }) }),
  fc.record({
    kind: fc.constant('word' as const),
    agent: fc.constantFrom(0 as const, 1 as const),
    status: fc.constantFrom('active' as const, 'stopped' as const),
  }),
  fc.record({
    kind: fc.constant('hear' as const),
    what: fc.constantFrom('observer' as const, 'cluster' as const),
    is: fc.boolean(),
  }),
  fc.record({
    kind: fc.constant('set' as const),
    timer: fc.constantFrom('disconnected' as const, 'goodbye' as const),
    seconds: fc.constantFrom(-1, 0, 35, 60, 200),
  }),
);

const PULSE_LIMIT = 30;

/** Counts seconds of silence that were listened to, one by one; another agent speaks all the time. */
class NaiveHost {
  private silence = 0;
  isLost = false;

  /** `heardFor`: seconds for which its cluster has been heard without a break; -1: it is not heard, and nobody is judged. */
  second(heardFor: number, limit: number, sinceWord: number): void {
    this.silence = heardFor > 0 ? this.silence + 1 : 0;
    if (heardFor < 0) return;
    this.isLost = limit >= 0 && (this.isLost ? sinceWord : this.silence) > limit;
  }

  /** A word, or a second in which nobody listened. */
  silenceIsBroken(): void {
    this.silence = 0;
  }
}

/** What inventory does, second by second, beside the clerk. */
class World {
  private readonly settings = { disconnected: 60, goodbye: 35 };
  private readonly clusters = new HeardClusters(PULSE_LIMIT * 1_000);
  private readonly agents = [0, 1].map(() => ({
    ...{ status: 'active' as HeardAgent['status'], at: 0, lost: false, clerk: new NaiveHost() },
  }));
  private now = 0;
  private pulseAt = 0;
  private listeningSince = 0;
  private heardFor = -1;
  private readonly is = { observer: true, cluster: true };

  take(step: Step): void {
    if (step.kind === 'pass') for (let i = 0; i < step.seconds; i += 1) this.oneSecond();
    if (step.kind === 'set') this.settings[step.timer] = step.seconds;
    if (step.kind === 'hear') this.is[step.what] = step.is;
    if (step.kind !== 'word' || !this.is.observer) return;
    Object.assign(this.agents[step.agent]!, { status: step.status, at: this.now });
    this.agents[step.agent]!.clerk.silenceIsBroken();
  }

  private oneSecond(): void {
    this.now += 1;
    if (!this.is.observer) {
      this.listeningSince = this.now;
      for (const { clerk } of this.agents) clerk.silenceIsBroken();
      return;
    }
    // Beside the two there is one that is never silent; its words come with the pulse.
    if (this.is.cluster) this.pulseAt = this.now;
    const hearing = { now: at(this.now), listeningSince: at(this.listeningSince) };
    const voices = [{ cluster: 'c', pulseAt: at(this.pulseAt), agentAt: at(this.pulseAt) }];
    const heard = this.clusters.look(voices, hearing).get('c');
    this.heardFor = this.now - this.pulseAt <= PULSE_LIMIT ? this.heardFor + 1 : -1;
    for (const agent of this.agents) this.look(agent, heard);
  }

  private look(agent: World['agents'][number], heard: Hearing | undefined): void {
    const { disconnected, goodbye } = this.settings;
    agent.clerk.second(this.heardFor, this.limitOf(agent), this.now - agent.at);
    if (heard === undefined) return;
    const timers = {
      disconnected: [{ scope: [], seconds: disconnected }],
      goodbye: [{ scope: [], seconds: goodbye }],
      offlineSeconds: 300,
    };
    agent.lost = isLostHost({ ...agent, heardAt: at(agent.at) }, [], timers, heard);
    expect([this.now, agent.lost]).toEqual([this.now, agent.clerk.isLost]);
  }

  private limitOf({ status }: World['agents'][number]): number {
    const set = this.settings[status === 'active' ? 'disconnected' : 'goodbye'];
    return status === 'active' && set >= 0 ? Math.max(set, SHORTEST_SILENCE_SECONDS) : set;
  }
}

describe('hosts in the course of time', () => {
  it('are lost as a clerk would say who counts every second of silence that was listened to', () => {
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 30 }), (steps) => {
        const world = new World();
        for (const step of steps) world.take(step);
      }),
      { numRuns: 300 },
    );
  });
});
