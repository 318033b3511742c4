/** Runs one command of an aggregate and turns a "no" into the refusal that callers see. */
import type { Actor } from '@ringfence/contracts';
import { GLOBAL } from '@ringfence/contracts';
import type { Decider, DomainEvent } from '@ringfence/decider';
import { handleCommand } from '@ringfence/event-store';
import type { EventStore } from '@ringfence/event-store';
import { refusal } from './resource.js';

export interface Addressee {
  /** `<entity>-<id>`. */
  readonly stream: string;
  readonly actor: Actor;
  readonly cluster?: string | null;
}

export async function execute<State, Command, E extends DomainEvent>(
  store: EventStore,
  decider: Decider<State, Command, E>,
  { stream, actor, cluster }: Addressee,
  command: Command,
): Promise<State> {
  const { rejected, state } = await handleCommand(store, decider, stream, command, {
    actor,
    cluster: cluster ?? GLOBAL,
  });
  if (rejected !== undefined) throw refusal(rejected);
  return state;
}
