/**
 * How a failure is told apart, once, at the adapter that saw it: worth another try, never worth one, or a refusal
 * that a caller must see. Everything else is a bug and counts as poison after a few attempts.
 */
import type { CallFailure } from '@ringfence/contracts';

/** A dependency is away: the message waits in its place and is tried again until it passes. */
export class TransientError extends Error {
  override readonly name = 'TransientError';
}

/** The message itself is at fault: it goes to the dead letters at once, and the stream goes on. */
export class PermanentError extends Error {
  override readonly name = 'PermanentError';
  constructor(
    /** Stable kebab-case; it is the dead letter's reason. */
    readonly reason: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** A call was refused or did not get through. The same type is thrown by a serving handler to refuse. */
export class CallError extends Error {
  override readonly name = 'CallError';
  constructor(
    readonly code: CallFailure['code'],
    readonly errors: CallFailure['errors'],
    options?: ErrorOptions,
  ) {
    super(errors.map((error) => error.message).join('; '), options);
  }

  static of(code: CallFailure['code'], token: string, message: string): CallError {
    return new CallError(code, [{ token, message }]);
  }
}

/**
 * Failures of what a handler depends on, by their codes: sockets, the SQLSTATE classes of a database that is away, full or
 * aborted us, and NATS that does not answer.
 */
const AWAY =
  /^(ECONN\w+|EPIPE|ETIMEDOUT|EHOST\w+|ENET\w+|EAI_AGAIN|ENOTFOUND|UND_ERR_\w+|08\w{3}|53\w{3}|57P0\d|40\w{3}|TIMEOUT|503|DISCONNECT|CONNECTION_\w+)$/;
const AWAY_WORDS =
  /connection terminated|timeout exceeded when trying to connect|timeout expired|not queryable/i;

/** Codes of a call that may be made again. */
const AWAY_CALLS: readonly CallFailure['code'][] = ['UNAVAILABLE', 'DEADLINE_EXCEEDED', 'ABORTED'];

/** Whether another attempt at the same thing may succeed without anybody changing anything. */
export function isTransient(error: unknown): boolean {
  if (error instanceof PermanentError || !(error instanceof Error)) return false;
  if (error instanceof TransientError) return true;
  if (error instanceof CallError) return AWAY_CALLS.includes(error.code);
  if (error instanceof AggregateError) return error.errors.every(isTransient);
  return hasAwayCode(error) || AWAY_WORDS.test(error.message) || isTransient(error.cause);
}

function hasAwayCode(error: Error): boolean {
  const { code } = error as { code?: unknown };
  return typeof code === 'string' && AWAY.test(code);
}
