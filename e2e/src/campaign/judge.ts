/**
 * Compares what happened with what the oracle says. It is fair in one direction only: where two answers are right, neither is a
 * violation; where only one is, the other always is one. What cannot be judged is counted, never dropped silently.
 */
import type { KnobHistory } from './knob-history.js';
import { serviceName } from './model.js';
import type { Arrival, Attempt, Place, Policy, Protocol, Source, Violation, ViolationKind } from './model.js';
import { opinionOf } from './oracle.js';
import type { Opinion } from './oracle.js';
import type { PodBook } from './pod-book.js';

/** A Pod of which something may have been said. */
export type Told = Pick<Source, 'namespace' | 'name'>;
export interface StatusAt {
  /** What was said about these Pods, or about the cluster, around a time; empty: that all is in force. */
  toldAround(at: number, ends: readonly Told[]): string;
}

export interface Tally {
  attempts: number;
  passed: number;
  dropped: number;
  arrivals: number;
  /** Judged with a single right answer: forbidden, and allowed between Pods that were said to be ready. */
  mustNotPass: number;
  mustPass: number;
  /** Two answers were right: a change was on its way, or a Pod was not ready. */
  either: number;
  /** Nobody known had the address, or several who differ. */
  unclear: number;
  /** Resets by the kernel of a new Pod's namespace in which no container had started: there was nothing to reach. */
  empty: number;
}
type Expectation = 'mustNotPass' | 'mustPass' | 'either' | 'unclear';

interface End extends Place {
  readonly name: string;
  readonly uid?: string;
}
/** One connection, whoever noticed it. */
interface Event {
  readonly sources: readonly End[];
  readonly destinations: readonly End[];
  readonly host: string;
  readonly proto: Protocol;
  readonly port: number;
  readonly began: number;
  readonly ended: number;
  readonly what: string;
}
interface Episode {
  readonly from: number;
  to: number;
  isTold: boolean;
}

/** What is not enforced may stay unsaid for so long (5 s), and saying it takes a moment until it is read. */
const UNSAID_MS = 6_500;
/** Two violations of one pair that are further apart are two stories. */
const EPISODE_GAP_MS = 3_000;

export class Judge {
  readonly violations: Violation[] = [];
  readonly tally: Tally = {
    ...{ attempts: 0, passed: 0, dropped: 0, arrivals: 0 },
    ...{ mustNotPass: 0, mustPass: 0, either: 0, unclear: 0, empty: 0 },
  };
  private readonly episodes = new Map<string, Episode>();

  constructor(
    private readonly policy: Policy,
    private readonly knobs: KnobHistory,
    private readonly pods: PodBook,
    private readonly status: StatusAt,
  ) {}

  /** At a quiet point REST has said that all is in force: a difference is its lie. */
  attempt(attempt: Attempt, isQuietPoint = false): void {
    const { from, host, began, ended, outcome } = attempt;
    const hasPassed = outcome !== 'dropped';
    this.tally.attempts += 1;
    this.tally[hasPassed ? 'passed' : 'dropped'] += 1;
    const destinations = this.pods.holders(host, began, ended);
    const event: Event = { ...attempt, sources: [from], destinations, what: outcome };
    const [expectation, opinions] = this.expect(event, from.node);
    this.tally[expectation] += 1;
    const isWrong = expectation === (hasPassed ? 'mustNotPass' : 'mustPass');
    if (!isWrong) return;
    if (outcome === 'refused' && destinations.every(({ uid }) => this.pods.wasEmpty(uid, ended))) {
      this.tally.empty += 1;
      return;
    }
    const kind = hasPassed ? 'forbidden' : 'refused';
    this.accuse(isQuietPoint ? 'lie' : kind, event, opinions[0]!);
  }

  arrival(arrival: Arrival): void {
    const { at, address, began, ended, sender } = arrival;
    this.tally.arrivals += 1;
    const named = sender === null ? undefined : this.pods.named(sender);
    const sources = named === undefined ? this.pods.holders(address, began, ended) : [named];
    const event: Event = { ...arrival, sources, destinations: [at], host: at.address, what: 'arrived' };
    const [expectation, opinions] = this.expect(event, null);
    this.tally[expectation] += 1;
    if (expectation === 'mustNotPass') this.accuse('forbidden', event, opinions[0]!);
  }

  private expect(event: Event, node: string | null): [Expectation, readonly Opinion[]] {
    const { sources, destinations, proto, port, began, ended } = event;
    const opinions = sources.flatMap((from) =>
      destinations.map((to) =>
        opinionOf(this.policy, { from, to, proto, port }, (knob) => this.knobs.possible(knob, began, ended)),
      ),
    );
    if (opinions.length === 0) return ['unclear', opinions];
    if (opinions.every(({ mayPass }) => !mayPass)) return ['mustNotPass', opinions];
    if (opinions.some(({ mayBeDropped }) => mayBeDropped)) return ['either', opinions];
    const [only, another] = destinations;
    if (another !== undefined) return ['unclear', opinions];
    const isReady = node !== null && this.pods.wasReady(only?.uid ?? '', began, ended, node);
    return [isReady ? 'mustPass' : 'either', opinions];
  }

  private accuse(kind: ViolationKind, event: Event, { because }: Opinion): void {
    const { sources, destinations, host, proto, port, began, ended, what } = event;
    const [source, destination] = [sources[0]!, destinations[0]!];
    const told = this.status.toldAround(began, [source, destination]);
    const violation = {
      at: began,
      source: nameOf(source),
      destination: `${nameOf(destination)} (${host}) ${serviceName(proto, port)}`,
      rule: because,
      status: told === '' ? 'all in force' : told,
      detail: `${what} after ${Math.max(0, ended - began).toFixed(0)} ms`,
    };
    this.violations.push({ kind, ...violation });
    if (this.isUntold(`${violation.source} ${violation.destination}`, began, told !== ''))
      this.violations.push({ kind: 'untold', ...violation });
  }

  /** Silence beside a lasting difference is a fault of its own, told once for each story. */
  private isUntold(pair: string, at: number, isTold: boolean): boolean {
    const before = this.episodes.get(pair);
    const episode =
      before !== undefined && at - before.to < EPISODE_GAP_MS ? before : { from: at, to: at, isTold: false };
    this.episodes.set(pair, episode);
    episode.to = at;
    const wasQuiet = !episode.isTold;
    episode.isTold ||= isTold || at - episode.from > UNSAID_MS;
    return wasQuiet && !isTold && at - episode.from > UNSAID_MS;
  }
}

function nameOf({ namespace, name }: End): string {
  return namespace === '' ? name : `${namespace}/${name}`;
}
