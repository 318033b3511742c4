/** What several deciders say to one request: all of it is written in one transaction, or none; decided anew when somebody else was faster. */
import { fold, isRejection } from '@ringfence/decider';
import type { Decider, DomainEvent } from '@ringfence/decider';
import { GLOBAL } from '@ringfence/contracts';
import type { Actor } from '@ringfence/contracts';
import { VersionConflict } from '@ringfence/event-store';
import type { AppendBatch, EventStore } from '@ringfence/event-store';
import { refusalOf } from '../../domain/refusal.js';

const RETRIES = 3;

export type Decide = <State, Command, E extends DomainEvent>(
  decider: Decider<State, Command, E>,
  stream: string,
  command: Command,
) => Promise<void>;

/** `work` decides on each stream at most once. */
export async function writtenTogether(
  store: EventStore,
  actor: Actor,
  work: (decide: Decide) => Promise<void>,
): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    const decided: AppendBatch[] = [];
    await work(async (decider, stream, command) => {
      const { events: history, version } = await store.load(stream);
      const state = fold(decider, history as readonly unknown[] as never[]);
      const events = decider.decide(state, command);
      if (isRejection(events)) {
        const { code = 'FAILED_PRECONDITION', reason: token, message } = events;
        throw refusalOf(code, [{ token, message }], '');
      }
      if (events.length > 0) decided.push({ stream, expectedVersion: version, events });
    });
    if (decided.length === 0) return;
    try {
      await store.appendMany(decided, { actor, cluster: GLOBAL });
      return;
    } catch (error) {
      if (!(error instanceof VersionConflict) || attempt === RETRIES) throw error;
    }
  }
}
