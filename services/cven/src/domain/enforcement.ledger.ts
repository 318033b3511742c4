/**
 * Per place: what was asked of it, what was last brought into its kernel, and since when these differ. Pure bookkeeping;
 * what the kernel really has says the place's own state.
 */
import type { EnforcementMode, NodeAck, NotInForce } from '@ringfence/contracts';
import { MOST_NOT_IN_FORCE } from '@ringfence/contracts';
import { askedMode } from './desired-tables.calculator.js';
import type { Desired, DesiredTable, Place, PodPlace } from './desired-tables.calculator.js';
import type { Failure } from './place.state.js';

interface Entry {
  readonly place: Place;
  asked: Desired | undefined;
  settled: DesiredTable | undefined;
  failure: Failure | undefined;
  /** Of the first wish that is not in the kernel yet. */
  since: number | undefined;
  /** In force now, but not all of the time. */
  alarm: { readonly failure: Failure; readonly since: number; readonly until: number } | undefined;
}

const MOST_WORDS = 500;

/** Whoever is quicker than this has nothing to tell: a new Pod's first table takes milliseconds. */
export const TOLD_AFTER_MS = 2_000;

const ALARM_MS = 30_000;

const WAITING: Failure = { token: 'not_loaded_yet', message: 'the kernel of this node has not taken it yet' };

export class EnforcementLedger {
  private readonly entries = new Map<string, Entry>();

  add(place: Place, now: number): void {
    this.entries.set(place.id, {
      place,
      asked: undefined,
      settled: undefined,
      failure: undefined,
      since: now,
      alarm: undefined,
    });
  }

  forget(id: string): void {
    this.entries.delete(id);
  }

  ask(id: string, wish: Desired, now: number): void {
    const entry = this.entries.get(id);
    if (entry === undefined) return;
    entry.asked = wish;
    if (entry.settled !== wish) entry.since ??= now;
  }

  /** Not sure any more that the kernel has it. */
  doubt(id: string, now: number): void {
    const entry = this.entries.get(id);
    if (entry !== undefined) entry.since ??= now;
  }

  settle(id: string, wish: DesiredTable): void {
    const entry = this.entries.get(id);
    if (entry === undefined) return;
    entry.settled = wish;
    entry.failure = undefined;
    if (entry.asked === wish) entry.since = undefined;
  }

  fail(id: string, failure: Failure, now: number): void {
    const entry = this.entries.get(id);
    if (entry === undefined) return;
    entry.failure = failure;
    entry.since ??= now;
  }

  /** Whoever does not stop is not waited for: told until nothing has happened for a while. */
  alarm(id: string, failure: Failure, now: number): void {
    const entry = this.entries.get(id);
    if (entry === undefined) return;
    const { alarm } = entry;
    const since = alarm !== undefined && alarm.until > now ? alarm.since : now;
    entry.alarm = { failure, since, until: now + ALARM_MS };
  }

  /** After having been unpaired: nothing is asked of anybody. */
  reset(now: number): void {
    for (const { place } of [...this.entries.values()]) this.add(place, now);
  }

  asked(id: string): Desired | undefined {
    return this.entries.get(id)?.asked;
  }

  settled(id: string): DesiredTable | undefined {
    return this.entries.get(id)?.settled;
  }

  /** Brought to what is asked of it, and not doubted since. */
  isSettled(id: string): boolean {
    const entry = this.entries.get(id);
    return entry?.asked !== undefined && entry.since === undefined;
  }

  failure(id: string): Failure | undefined {
    return this.entries.get(id)?.failure;
  }

  /** A sandbox that is made anew for the same Pod stands for it before the old one is gone. */
  pods(): PodPlace[] {
    const newest = new Map<string, PodPlace>();
    for (const { place } of this.entries.values()) if (place.kind === 'pod') newest.set(place.podUid, place);
    return [...newest.values()];
  }

  /** Uids of Pods whose own rules are in the kernel: those of the last wish that got there, while no try has failed since. */
  enforcedPods(): string[] {
    return this.pods().flatMap(({ id, podUid }) =>
      this.settled(id)?.isOwnPolicy === true && this.failure(id) === undefined ? [podUid] : [],
    );
  }

  failures(): NodeAck['failed'] {
    return [...this.entries.values()].flatMap(({ place, failure }) =>
      failure === undefined ? [] : [{ pod: nameOf(place), ...failure }],
    );
  }

  /** A place with a failure at once, another when it has waited for a while. At most as many as fit into an answer. */
  notInForce(now: number, modeInForce: (id: string) => EnforcementMode | null): NotInForce[] {
    const newest = new Set<string>(this.pods().map(({ id }) => id));
    const told = [...this.entries.values()].flatMap((entry): NotInForce[] => {
      const { place, asked } = entry;
      const trouble = troubleOf(entry, now);
      const isOurs = place.kind === 'host' || newest.has(place.id);
      if (!isOurs || asked === undefined || trouble === undefined) return [];
      return [
        {
          id: nameOf(place),
          asked: askedMode(asked),
          inForce: modeInForce(place.id),
          token: trouble.failure.token,
          message: trouble.failure.message.slice(0, MOST_WORDS),
          since: new Date(trouble.since).toISOString(),
        },
      ];
    });
    return told.sort((a, b) => a.since.localeCompare(b.since)).slice(0, MOST_NOT_IN_FORCE);
  }
}

interface Trouble {
  readonly failure: Failure;
  readonly since: number;
}

function troubleOf({ since, failure, alarm }: Entry, now: number): Trouble | undefined {
  if (since !== undefined && failure !== undefined) return { failure, since };
  if (since !== undefined && now - since >= TOLD_AFTER_MS) return { failure: WAITING, since };
  return alarm !== undefined && alarm.until > now ? alarm : undefined;
}

function nameOf(place: Place): string {
  return place.kind === 'pod' ? place.podUid : place.node;
}
