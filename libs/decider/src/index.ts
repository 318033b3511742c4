export { fold, isRejection, reject } from './decider.js';
export type { Decider, Decision, DomainEvent, Rejection, RejectionCode } from './decider.js';
