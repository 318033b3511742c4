/** Keeps what happened until it can be judged: the book of Pods and the status lag behind the packets by seconds. */
import { now } from './clock.js';
import type { FlowCount } from './flow-count.js';
import type { Judge } from './judge.js';
import type { Arrival, Attempt } from './model.js';
import type { PodBook } from './pod-book.js';

interface Waiting {
  readonly ended: number;
  judge(): void;
}

/** Until the status around it has been read, too. */
const LAG_MS = 8_000;

export class Ledger {
  private waiting: Waiting[] = [];
  /** Attempts per second since the beginning: [that passed, that were dropped]. */
  readonly seconds: [number, number][] = [];

  constructor(
    private readonly judge: Judge,
    private readonly flows: FlowCount,
    private readonly pods: PodBook,
    private readonly began: number,
  ) {}

  attempt(attempt: Attempt, isQuietPoint = false): void {
    this.count(attempt);
    this.waiting.push({
      ended: attempt.ended,
      judge: () => {
        this.judge.attempt(attempt, isQuietPoint);
        this.flows.attempt(attempt);
      },
    });
  }

  arrival(arrival: Arrival): void {
    this.waiting.push({ ended: arrival.ended, judge: () => this.judge.arrival(arrival) });
  }

  /** What has been looked at since; `all`: whatever is left, at the end. */
  settle(all = false): void {
    const until = all ? Infinity : Math.min(now() - LAG_MS, this.pods.lookedAt);
    const due = this.waiting.filter(({ ended }) => ended <= until);
    this.waiting = this.waiting.filter(({ ended }) => ended > until);
    for (const one of due.sort((left, right) => left.ended - right.ended)) one.judge();
  }

  private count({ began, outcome }: Attempt): void {
    const second = Math.max(0, Math.floor((began - this.began) / 1_000));
    while (this.seconds.length <= second) this.seconds.push([0, 0]);
    this.seconds[second]![outcome === 'dropped' ? 1 : 0] += 1;
  }
}
