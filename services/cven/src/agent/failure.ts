import { KernelError } from '../kernel/port/kernel.port.js';
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

export function isRefusal(error: unknown): boolean {
  return error instanceof KernelError && error.code === 'script_refused';
}

/** Nothing is wrong with the flow sets: they are still there when somebody can ask again, or the namespace is not. */
export function isLostOnTheWay(error: unknown): boolean {
  return !(error instanceof KernelError) || error.code === 'namespace_gone' || error.code === 'helper_lost';
}

export function isWorthAnotherTry(error: unknown): boolean {
  return error instanceof KernelError && error.code !== 'namespace_gone' && error.code !== 'not_available';
}
