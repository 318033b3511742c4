/** Where messages go that nobody can handle: as they were, with the reason, for a person to look at and send again. */
import type { Link } from './link.js';
import { PermanentError } from './errors.js';
import { publisher } from './publish.js';
import type { PulledMessage } from './pull.js';
import { readHeaders } from './wire.js';

export interface DeadLetters {
  bury(message: PulledMessage, stream: string, error: unknown): Promise<void>;
}

export function deadLetters(link: Link, durable: string): DeadLetters {
  const { publish } = publisher(link);
  const buried = link.metrics.counter('bus_dead_letters_total', 'Messages that nobody could handle');
  return {
    bury: async (message, stream, error) => {
      const reason = error instanceof PermanentError ? error.reason : 'handler-failed';
      const letter = {
        reason,
        message: error instanceof Error ? error.message : String(error),
        durable,
        stream,
        seq: message.seq,
        subject: message.raw.subject,
        storedAt: message.storedAt.toISOString(),
        headers: readHeaders(message.raw.headers),
        // As text: it may not be JSON at all.
        payload: message.raw.string(),
      };
      await publish(`dead.${link.name}.${durable}`, letter, {
        id: `dead ${durable} ${stream} ${message.seq}`,
      });
      buried.add(1, { durable, reason });
    },
  };
}
