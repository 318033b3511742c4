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
