import { KernelError } from '../kernel/kernel.port.js';
import type { Failure } from '../domain/place.state.js';

/** The policy cannot be put into rules. */
export class PolicyRefused extends Error {
  readonly token: string;

  constructor({ token, message }: Failure) {
    super(message);
    this.token = token;
  }
}

/** A stable token, and words for people. */
export function failureOf(error: unknown): Failure {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof KernelError) return { token: error.code, message };
  return { token: error instanceof PolicyRefused ? error.token : 'agent_error', message };
}
