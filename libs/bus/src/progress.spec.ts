import { describe, expect, it } from 'vitest';
import { LaneProgress } from './progress.js';

function lane() {
  const clock = { ms: 0 };
  return { clock, progress: new LaneProgress('inventory-acks', 30_000, () => clock.ms) };
}

describe('the progress of a lane', () => {
  it('says how many messages wait once none was done for a while', () => {
    const { clock, progress } = lane();
    progress.measured(3);
    clock.ms = 29_000;
    progress.measured(4);
    expect(progress.state()).toBe(true);
    clock.ms = 31_000;
    expect(progress.state()).toBe('inventory-acks: 4 messages wait, none was done for 31 s');
  });

  it('counts from the last message that was done, and from nothing while nothing waits', () => {
    const { clock, progress } = lane();
    progress.measured(3);
    clock.ms = 25_000;
    progress.moved();
    clock.ms = 50_000;
    expect(progress.state()).toBe(true);
    progress.measured(0);
    clock.ms = 500_000;
    expect(progress.state()).toBe(true);
    progress.measured(1);
    clock.ms = 520_000;
    expect(progress.state()).toBe(true);
  });

  it('is not silent when the server does not say what waits', () => {
    const { clock, progress } = lane();
    progress.notMeasured('JetStream does not answer');
    clock.ms = 40_000;
    expect(progress.state()).toMatch(/^inventory-acks: JetStream does not answer/);
    progress.measured(0);
    expect(progress.state()).toBe(true);
  });

  it('is excused while something else is away, and counts anew afterwards', () => {
    const { clock, progress } = lane();
    progress.measured(1);
    clock.ms = 40_000;
    progress.excused();
    expect(progress.state()).toBe(true);
    progress.measured(1);
    clock.ms = 60_000;
    expect(progress.state()).toBe(true);
  });
});
