/** The event that a message brings, as its newest version says it; a message that brings none is worth no second try. */
import { Envelope, readEvent, UnreadableEvent } from '@ringfence/contracts';
import type { Message } from './bus.js';
import { PermanentError } from './errors.js';

export function eventOf({ subject, payload }: Pick<Message, 'subject' | 'payload'>): Envelope {
  const envelope = Envelope.safeParse(payload);
  if (!envelope.success)
    throw new PermanentError('bad-event', `${subject}: ${envelope.error.issues[0]?.message ?? 'malformed'}`);
  try {
    return readEvent(envelope.data);
  } catch (error) {
    if (!(error instanceof UnreadableEvent)) throw error;
    throw new PermanentError(error.code, `${subject}: ${error.message}`, { cause: error });
  }
}
