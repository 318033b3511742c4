/**
 * The book in memory, and the one way to change it: decide, append, evolve; one command at a time in this process. Another
 * process's events are taken in before every read and every decision; one that slips in between makes the decision
 * anew, because what may happen to one object depends on all of them.
 */
import { EVENTS, GLOBAL } from '@ringfence/contracts';
import type { Actor } from '@ringfence/contracts';
import { fold, isRejection } from '@ringfence/decider';
import type { Rejection } from '@ringfence/decider';
import { entitiesIn, oneAtATime, VersionConflict } from '@ringfence/event-store';
import type { EventStore, StoredEvent } from '@ringfence/event-store';
import { policyDecider } from '../domain/policy.decider.js';
import type { PolicyCommand } from '../domain/policy.decider.js';
import type { PolicyBook, PolicyEvent } from '../domain/policy-book.js';
import { loadBook } from '../read/policy-objects.projection.js';

const PAGE = 1_000;
/** Of two processes one loses to the other's writes again and again, if many come to that one. */
const ATTEMPTS = 20;

export interface Executed {
  readonly rejected?: Rejection;
  readonly events: readonly StoredEvent[];
  readonly book: PolicyBook;
}
export interface ExecutedEach extends Omit<Executed, 'rejected'> {
  /** Of each command, in its place; null: it was done. */
  readonly rejections: readonly (Rejection | null)[];
}
/** Made from the book that it will be decided on. */
export type MakeCommand = (
  book: PolicyBook,
) => PolicyCommand | Rejection | Promise<PolicyCommand | Rejection>;

export class PolicyBookStore {
  private readonly listeners = new Set<(book: PolicyBook, events: readonly StoredEvent[]) => void>();
  private readonly oneAtATime = oneAtATime();

  private constructor(
    readonly store: EventStore,
    private book: PolicyBook,
    private position: number,
  ) {}

  static async open(store: EventStore): Promise<PolicyBookStore> {
    return store.transaction(async (tx) => {
      // SQL: of the session, and of the events.
      await tx.query('set transaction isolation level repeatable read');
      const { rows } = await tx.query<{ position: string }>(
        'select coalesce(max(position), 0) as position from events',
      );
      return new PolicyBookStore(store, await loadBook(entitiesIn(tx)), Number(rows[0]?.position ?? 0));
    });
  }

  /** Told of every event, own and foreign, after it is folded. */
  onChanged(listener: (book: PolicyBook, events: readonly StoredEvent[]) => void): void {
    this.listeners.add(listener);
  }

  /** As far as this process has read. */
  get latest(): PolicyBook {
    return this.book;
  }

  /** With everything that was committed when it was asked. */
  current(): Promise<PolicyBook> {
    return this.oneAtATime(async () => {
      await this.catchUp();
      return this.book;
    });
  }

  async execute(actor: Actor, make: MakeCommand): Promise<Executed> {
    const { rejections, ...executed } = await this.executeEach(actor, [make]);
    const [rejected] = rejections;
    return { ...executed, ...(rejected && { rejected }) };
  }

  /** Each is decided on the book as those before it leave it; what all of them change is written together. */
  executeEach(actor: Actor, makes: readonly MakeCommand[]): Promise<ExecutedEach> {
    return this.oneAtATime(async () => {
      for (let attempt = 1; ; attempt++) {
        await this.catchUp();
        try {
          return await this.decideAndAppend(actor, makes);
        } catch (error) {
          if (!(error instanceof VersionConflict) || attempt === ATTEMPTS) throw error;
        }
      }
    });
  }

  private async decideAndAppend(actor: Actor, makes: readonly MakeCommand[]): Promise<ExecutedEach> {
    const decided: PolicyEvent[] = [];
    const rejections: (Rejection | null)[] = [];
    let { book } = this;
    for (const make of makes) {
      const command = await make(book);
      const decision = 'reason' in command ? command : policyDecider.decide(book, command);
      rejections.push(isRejection(decision) ? decision : null);
      if (isRejection(decision)) continue;
      decided.push(...decision);
      if (makes.length > 1) book = fold(policyDecider, decision, book);
    }
    const events = decided.length === 0 ? [] : await this.append(actor, decided);
    this.fold(events);
    return { rejections, events, book: this.book };
  }

  private append(actor: Actor, decided: readonly PolicyEvent[]): Promise<StoredEvent[]> {
    const batches = decided.map((event) => ({
      stream: streamOf(event),
      // Of a number that another process has given already the read tables would take no second one.
      expectedVersion: event.type === 'PolicyProvisioned' ? 0 : ('any' as const),
      events: [event],
    }));
    return this.store.appendMany(batches, { actor, cluster: GLOBAL }, async (tx) => {
      const { rows } = await tx.query<{ count: number }>(
        'select count(*)::int as count from events where position > $1',
        [this.position],
      );
      const count = rows[0]?.count ?? 0;
      if (count !== decided.length)
        throw new VersionConflict('policy', this.position, this.position + count - decided.length);
    });
  }

  private async catchUp(): Promise<void> {
    for (;;) {
      const events = await this.store.follow(this.position, PAGE);
      this.fold(events);
      if (events.length < PAGE) return;
    }
  }

  private fold(events: readonly StoredEvent[]): void {
    if (events.length === 0) return;
    this.book = fold(policyDecider, events as unknown as readonly PolicyEvent[], this.book);
    this.position = events.at(-1)?.position ?? this.position;
    for (const listener of this.listeners) listener(this.book, events);
  }
}

/** One stream per object, binding and principal, one per version. */
function streamOf(event: PolicyEvent): string {
  const entity = EVENTS[event.type].entity;
  if (event.type === 'PolicyProvisioned') return `${entity}-${event.data.version}`;
  return 'type' in event.data
    ? `${entity}-${event.data.type}-${event.data.id}`
    : `${entity}-${event.data.id}`;
}
