/** The command loop: load, fold, decide, append; decide anew when somebody else was faster. Nothing else belongs here. */
import { fold, isRejection } from '@ringfence/decider';
import type { Decider, DomainEvent, Rejection } from '@ringfence/decider';
import { VersionConflict } from './event-store.js';
import type { EventMeta, EventStore, StoredEvent } from './event-store.js';

const RETRIES = 3;

export interface CommandResult<State> {
  readonly rejected?: Rejection;
  /** What was appended; empty when the command changed nothing. */
  readonly events: StoredEvent[];
  /** After the events. */
  readonly state: State;
}

// eslint-disable-next-line max-params -- the order of a sentence: in this store this decider decides, on this stream, this command
export async function handleCommand<State, Command, E extends DomainEvent>(
  store: EventStore,
  decider: Decider<State, Command, E>,
  stream: string,
  command: Command,
  meta: EventMeta,
): Promise<CommandResult<State>> {
  for (let attempt = 0; ; attempt++) {
    const { events: history, version } = await store.load(stream);
    // The stream holds only what this decider decided; what an older program wrote is upcast by the store.
    const state = fold(decider, history as unknown as E[]);
    const decision = decider.decide(state, command);
    if (isRejection(decision)) return { rejected: decision, events: [], state };
    if (decision.length === 0) return { events: [], state };
    try {
      const events = await store.append(stream, version, decision, meta);
      return { events, state: fold(decider, decision, state) };
    } catch (error) {
      if (!(error instanceof VersionConflict) || attempt === RETRIES) throw error;
    }
  }
}
