export { accepted, bulkAnswer, bulkItems, bulkRefusals, eachAccepted, oneBulkAtATime, only } from './bulk.js';
export type { Outcome } from './bulk.js';
export { fewAtATime } from './few-at-a-time.js';
export { etagOf, refuseIfChanged } from './etag.js';
export { execute } from './execute.js';
export type { Addressee } from './execute.js';
export { defined, orNull } from './fields.js';
export {
  byHrefs,
  byLabels,
  byTime,
  byWord,
  byWords,
  exact,
  flag,
  isTrue,
  maxResults,
  page,
  partial,
  refuseFilters,
  until,
} from './filters.js';
export type { Filter, Filters } from './filters.js';
export { changeBetween, changesWithin, nameOf, observed, tellingChanges } from './object-changes.js';
export { allPass, hearing, saying, seeingOwnWrites } from './own-writes.js';
export type { HearingParts, OwnersBus, UntilHeard } from './own-writes.js';
export {
  idOfHref,
  invalid,
  metaOf,
  notFound,
  orgHref,
  parsed,
  refusal,
  resourceAnswerer,
} from './resource.js';
export type { Operation, Operations } from './resource.js';
export { capsFor, forbidden, refuseUnjudged } from './scopes.js';
export { referenceOf, Taken } from './taken.js';
export type { Referred } from './taken.js';
