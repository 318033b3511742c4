/** The command loop: load, fold, decide, append; decide anew when somebody else was faster. Nothing else belongs here. */
import { fold, isRejection } from '@ringfence/decider';
import type { Decider, DomainEvent, Rejection } from '@ringfence/decider';
import { VersionConflict } from './event-store.js';
import type { AppendBatch, EventMeta, EventStore, StoredEvent } from './event-store.js';

const RETRIES = 3;

export interface CommandResult<State> {
  readonly rejected?: Rejection;
  /** After what was decided. */
  readonly state: State;
}

/** Aggregates of one kind: as they were loaded, and as what was decided since has changed them. */
export interface Deciding<State, Command> {
  stateOf(stream: string): State;
  /** `meta`: instead of the work's own. */
  decide(stream: string, command: Command, meta?: EventMeta): CommandResult<State>;
}

export interface CommandWork<State, Command, E extends DomainEvent> {
  readonly store: EventStore;
  readonly decider: Decider<State, Command, E>;
  readonly streams: readonly string[];
  readonly meta: EventMeta;
}

// eslint-disable-next-line max-params -- the order of a sentence: in this store this decider decides, on this stream, this command
export function handleCommand<State, Command, E extends DomainEvent>(
  store: EventStore,
  decider: Decider<State, Command, E>,
  stream: string,
  command: Command,
  meta: EventMeta,
): Promise<CommandResult<State>> {
  const work = { store, decider, streams: [stream], meta };
  return handleCommands(work, async ({ decide }) => decide(stream, command));
}

/** Each command is decided by itself; what all of them decided is written in one transaction, or none of it. */
export async function handleCommands<State, Command, E extends DomainEvent, Answer>(
  { store, decider, streams, meta }: CommandWork<State, Command, E>,
  work: (deciding: Deciding<State, Command>) => Promise<Answer>,
): Promise<Answer> {
  for (let attempt = 0; ; attempt++) {
    const { decided, ...deciding } = decidingOn(decider, await store.loadAll(streams), meta);
    const answer = await work(deciding);
    if (decided.length === 0) return answer;
    try {
      await store.appendMany(decided, meta);
      return answer;
    } catch (error) {
      if (!(error instanceof VersionConflict) || attempt === RETRIES) throw error;
    }
  }
}

function decidingOn<State, Command, E extends DomainEvent>(
  decider: Decider<State, Command, E>,
  histories: ReadonlyMap<string, readonly StoredEvent[]>,
  meta: EventMeta,
): Deciding<State, Command> & { readonly decided: readonly AppendBatch[] } {
  const decided: AppendBatch[] = [];
  const aggregates = new Map<string, { readonly state: State; readonly version: number }>();
  for (const [stream, history] of histories) {
    // The stream holds only what this decider decided; what an older program wrote is upcast by the store.
    const state = fold(decider, history as readonly unknown[] as E[]);
    aggregates.set(stream, { state, version: history.at(-1)?.version ?? 0 });
  }
  const aggregateOf = (stream: string): { readonly state: State; readonly version: number } =>
    aggregates.get(stream) ?? { state: decider.initial, version: 0 };
  return {
    decided,
    stateOf: (stream) => aggregateOf(stream).state,
    decide: (stream, command, own = meta) => {
      const { state: before, version } = aggregateOf(stream);
      const events = decider.decide(before, command);
      if (isRejection(events)) return { rejected: events, state: before };
      if (events.length === 0) return { state: before };
      const state = fold(decider, events, before);
      aggregates.set(stream, { state, version: version + events.length });
      decided.push({ stream, expectedVersion: version, events, meta: own });
      return { state };
    },
  };
}
