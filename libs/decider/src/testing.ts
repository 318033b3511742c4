/** Given-when-then for deciders; the door `@ringfence/decider/testing`, for specs only. Fails by throwing an Error that shows both sides. */
import { fold, isRejection } from './decider.js';
import type { Decider, DomainEvent } from './decider.js';

export interface Outcome<E> {
  /** Exactly these events, in this order. */
  then(...events: readonly E[]): void;
  rejected(reason: string): void;
  /** Accepted, and nothing changed. */
  nothing(): void;
}
export interface Given<Command, E> {
  given(...events: readonly E[]): { when(command: Command): Outcome<E> };
}

export function specification<State, Command, E extends DomainEvent>(
  decider: Decider<State, Command, E>,
): Given<Command, E> {
  return {
    given: (...events) => ({
      when: (command) => outcomeOf(decider.decide(fold(decider, events), command)),
    }),
  };
}

function outcomeOf<E extends DomainEvent>(
  decision: ReturnType<Decider<unknown, unknown, E>['decide']>,
): Outcome<E> {
  const expectEvents = (expected: readonly E[]): void => {
    if (isRejection(decision)) throw mismatch(expected, decision);
    if (canonical(decision) !== canonical(expected)) throw mismatch(expected, decision);
  };
  return {
    then: (...events) => expectEvents(events),
    nothing: () => expectEvents([]),
    rejected: (reason) => {
      if (!isRejection(decision) || decision.reason !== reason) throw mismatch({ reason }, decision);
    },
  };
}

function mismatch(expected: unknown, actual: unknown): Error {
  return new Error(`expected ${canonical(expected)}\nbut decided ${canonical(actual)}`);
}

/** Events are JSON, so JSON with sorted keys compares them; the order of keys is not a difference. */
function canonical(value: unknown): string {
  const sorted = (_: string, part: unknown): unknown =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part;
  return JSON.stringify(value, sorted, 1) ?? 'undefined';
}
