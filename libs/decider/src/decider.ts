/**
 * The three functions of an event-sourced aggregate, as one record. A decider is pure: no clock, no random, no
 * promise; ids and instants come in with the command. Storing and retrying is the event store's `handleCommand`.
 */

export interface DomainEvent {
  readonly type: string;
  readonly data: unknown;
}

/** Canonical codes as in contracts' CallFailure; repeated here because pure code depends on nothing. */
export type RejectionCode =
  | 'INVALID_ARGUMENT'
  | 'NOT_FOUND'
  | 'ALREADY_EXISTS'
  | 'FAILED_PRECONDITION'
  | 'PERMISSION_DENIED'
  | 'UNAUTHENTICATED'
  | 'RESOURCE_EXHAUSTED'
  | 'ABORTED'
  | 'UNAVAILABLE'
  | 'DEADLINE_EXCEEDED'
  | 'INTERNAL';

/** An expected "no". `reason` is stable kebab-case, `message` tells the caller what to do. */
export interface Rejection {
  readonly reason: string;
  readonly message: string;
  /** How the refusal is told to a caller; absent = FAILED_PRECONDITION. */
  readonly code?: RejectionCode;
}

/** An empty list is a valid answer: the command changes nothing. */
export type Decision<E> = readonly E[] | Rejection;

export interface Decider<State, Command, E extends DomainEvent> {
  readonly initial: State;
  decide(state: State, command: Command): Decision<E>;
  evolve(state: State, event: E): State;
}

export function isRejection<E>(decision: Decision<E>): decision is Rejection {
  return !Array.isArray(decision);
}

/** Shorthand for the `return` of a `decide`. */
export function reject(reason: string, message: string, code?: RejectionCode): Rejection {
  return code === undefined ? { reason, message } : { reason, message, code };
}

/** The same decider for somebody who may not go everywhere: `refuse` says what is against a state, before a command and after it. */
export function guarded<State, Command, E extends DomainEvent>(
  decider: Decider<State, Command, E>,
  refuse: (state: State) => Rejection | null,
): Decider<State, Command, E> {
  return {
    ...decider,
    decide: (state, command) => {
      const refused = refuse(state);
      if (refused !== null) return refused;
      const decision = decider.decide(state, command);
      if (isRejection(decision)) return decision;
      return refuse(fold(decider, decision, state)) ?? decision;
    },
  };
}

/** The state after these events. */
export function fold<State, Command, E extends DomainEvent>(
  decider: Decider<State, Command, E>,
  events: Iterable<E>,
  from: State = decider.initial,
): State {
  let state = from;
  for (const event of events) state = decider.evolve(state, event);
  return state;
}
