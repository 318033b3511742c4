/** An event of any version that was ever released, as the newest version of its type says it. */
import type { Envelope } from './envelope.js';
import type { EventContract } from './event-versions.js';
import { EVENTS } from './events.js';

/** Written by a newer program (consumers are updated before producers), or not what its version promises. */
export class UnreadableEvent extends Error {
  override readonly name = 'UnreadableEvent';
  constructor(
    readonly code: 'event-too-new' | 'bad-event',
    message: string,
  ) {
    super(message);
  }
}

/** Null: of nobody's contracts; such an event concerns only the store that it is in. */
export function eventContract(type: string): EventContract | null {
  return Object.hasOwn(EVENTS, type) ? EVENTS[type as keyof typeof EVENTS] : null;
}

/** The event itself where it is of the newest version, or of a type that this program does not know. */
export function readEvent<E extends Pick<Envelope, 'type' | 'v' | 'data'>>(event: E): E {
  const contract = eventContract(event.type);
  if (contract === null || event.v === contract.v) return event;
  const { type, v } = event;
  if (v > contract.v)
    throw new UnreadableEvent('event-too-new', `${type} of version ${v}: ${contract.v} is the newest known`);
  const [released, ...later] = contract.versions.slice(v - 1);
  const written = released?.schema.safeParse(event.data);
  if (written?.success !== true)
    throw new UnreadableEvent('bad-event', `${type} of version ${v}: ${written?.error.message ?? 'unknown'}`);
  const data = later.reduce((older, { upcast }) => upcast?.(older) ?? older, written.data);
  return { ...event, v: contract.v, data };
}
