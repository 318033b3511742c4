/**
 * Where messages go that nobody can handle: enough of each to find its sender and its fault, never the whole of it. A
 * letter that could grow with its message would be refused for the very message that most needs one.
 */
import { createHash } from 'node:crypto';
import type { Link } from './link.js';
import { PermanentError } from './errors.js';
import { publisher } from './publish.js';
import type { PulledMessage } from './pull.js';
import { readHeaders } from './wire.js';

/** Bytes of the payload, and characters of every text, that a letter carries. */
const HEAD_BYTES = 4_096;
const MOST_TEXT = 500;
const MOST_HEADERS = 16;

export interface DeadLetters {
  bury(message: PulledMessage, stream: string, error: unknown): Promise<void>;
  /** Not even a letter could be kept: gives the words for the log. */
  lose(message: PulledMessage, failure: unknown): Error;
}

export function deadLetters(link: Link, durable: string): DeadLetters {
  const { publish } = publisher(link);
  const buried = link.metrics.counter('bus_dead_letters_total', 'Messages that nobody could handle');
  const lost = link.metrics.counter(
    'bus_dead_letters_lost_total',
    'Messages that nobody could handle and of which no dead letter could be kept',
  );
  return {
    bury: async (message, stream, error) => {
      const reason = error instanceof PermanentError ? error.reason : 'handler-failed';
      const letter = {
        reason,
        message: short(error instanceof Error ? error.message : String(error)),
        durable,
        stream,
        seq: message.seq,
        subject: short(message.raw.subject),
        storedAt: message.storedAt.toISOString(),
        headers: headersOf(message),
        ...bodyOf(message.raw.data),
      };
      await publish(`dead.${link.name}.${durable}`, letter, {
        id: `dead ${durable} ${stream} ${message.seq}`,
      });
      buried.add(1, { durable, reason });
    },
    lose: ({ raw, seq }, failure) => {
      lost.add(1, { durable });
      const { length, sha256 } = bodyOf(raw.data);
      const words = `not even a dead letter could be kept of message ${seq} on ${short(raw.subject)} (${length} bytes, sha256 ${sha256})`;
      return new Error(words, { cause: failure });
    },
  };
}

interface Body {
  readonly length: number;
  readonly sha256: string;
  readonly head: string;
  /** Of `head`: what is no text is shown as base64. */
  readonly encoding: 'text' | 'base64';
}

function bodyOf(data: Uint8Array): Body {
  const head = data.subarray(0, HEAD_BYTES);
  const text = asText(head);
  return {
    length: data.length,
    sha256: createHash('sha256').update(data).digest('hex'),
    ...(text === null
      ? { head: Buffer.from(head).toString('base64'), encoding: 'base64' }
      : { head: text, encoding: 'text' }),
  };
}

/** A character that is cut in two at the end is left out. */
function asText(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true });
  } catch {
    return null;
  }
}

function headersOf({ raw }: PulledMessage): Record<string, string> {
  const headers = Object.entries(readHeaders(raw.headers)).slice(0, MOST_HEADERS);
  return Object.fromEntries(headers.map(([name, value]) => [short(name), short(value)]));
}

const short = (text: string): string => text.slice(0, MOST_TEXT);
