/**
 * The event that a message brings, as its newest version says it; a message that brings none is worth no second try. One that is newer than
 * this program waits in its place: passed over, what it says would be missing in every copy, also after the update.
 */
import { Envelope, readEvent, UnreadableEvent } from '@ringfence/contracts';
import type { Message } from './bus.js';
import { PermanentError, TransientError } from './errors.js';

export function eventOf({ subject, payload }: Pick<Message, 'subject' | 'payload'>): Envelope {
  const envelope = Envelope.safeParse(payload);
  if (!envelope.success)
    throw new PermanentError('bad-event', `${subject}: ${envelope.error.issues[0]?.message ?? 'malformed'}`);
  try {
    return readEvent(envelope.data);
  } catch (error) {
    if (!(error instanceof UnreadableEvent)) throw error;
    if (error.code === 'event-too-new')
      throw new TransientError(`${subject}: ${error.message}`, { cause: error });
    throw new PermanentError(error.code, `${subject}: ${error.message}`, { cause: error });
  }
}
