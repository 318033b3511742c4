/** Lets faults loose, by chance from the seed: at most a few at once, never two on one subject, each healed by its own word before it counts as over. */
import { setTimeout as sleep } from 'node:timers/promises';
import { now } from './clock.js';
import type { Fault } from './faults.js';
import type { Random } from './random.js';

export interface Suffered {
  readonly name: string;
  readonly from: number;
  /** When it was taken back, and when the part was well again; null: not yet. */
  ended: number | null;
  healed: number | null;
}

export interface ChaosOptions {
  readonly faults: readonly Fault[];
  readonly random: Random;
  readonly atOnce: number;
  /** From the shortest to the longest pause between two of them. */
  readonly pauseMs: readonly [number, number];
  readonly onBegin: (suffered: Suffered) => void;
  readonly onStuck: (name: string, why: string) => void;
}

export class Chaos {
  readonly timeline: Suffered[] = [];
  private readonly active = new Map<string, Promise<void>>();
  private bag: Fault[] = [];

  constructor(private readonly options: ChaosOptions) {}

  async prepare(): Promise<void> {
    for (const fault of this.options.faults) await fault.prepare?.();
  }

  async run(signal: AbortSignal): Promise<void> {
    const { random, atOnce, faults, pauseMs } = this.options;
    if (faults.length === 0) return;
    while (!signal.aborted) {
      const fault = this.active.size < atOnce ? this.draw() : undefined;
      if (fault !== undefined) this.active.set(fault.subject, this.suffer(fault, signal));
      await sleep(random.between(...pauseMs), undefined, { signal }).catch(() => undefined);
    }
    await Promise.all(this.active.values());
  }

  /** Every fault once before any comes twice; one whose subject suffers already is passed over. */
  private draw(): Fault | undefined {
    if (this.bag.length === 0) this.bag = shuffled(this.options.faults, this.options.random);
    const index = this.bag.findIndex(({ subject }) => !this.active.has(subject));
    return index < 0 ? undefined : this.bag.splice(index, 1)[0];
  }

  private async suffer(fault: Fault, signal: AbortSignal): Promise<void> {
    const { random, onBegin, onStuck } = this.options;
    const lasting = random.between(fault.leastMs, fault.mostMs);
    const suffered: Suffered = { name: fault.name, from: now(), ended: null, healed: null };
    this.timeline.push(suffered);
    onBegin(suffered);
    try {
      await fault.begin();
      await sleep(lasting, undefined, { signal }).catch(() => undefined);
      await fault.end();
      suffered.ended = now();
      await fault.healed();
      suffered.healed = now();
    } catch (error) {
      onStuck(fault.name, error instanceof Error ? error.message : String(error));
    } finally {
      this.active.delete(fault.subject);
    }
  }
}

function shuffled<T>(all: readonly T[], random: Random): T[] {
  const left = [...all];
  return Array.from({ length: left.length }, () => left.splice(random.whole(0, left.length - 1), 1)[0]!);
}
