export { fold, guarded, isRejection, reject } from './decider.js';
export { isSameValue } from './same-value.js';
export type { Decider, Decision, DomainEvent, Rejection, RejectionCode } from './decider.js';
