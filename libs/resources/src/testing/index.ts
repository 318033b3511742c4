/** Of this library for the specs of others. */
export { startCollectionWorld } from './collection-world.js';
export type { CollectionWorld } from './collection-world.js';
export { filterEffects } from './filter-effects.js';
export type { FilterEffect } from './filter-effects.js';
export { tokenOf } from './refusal-token.js';
export { expectNobodySlipsIn, expectSecondWriterIsTold } from './second-writer.js';
export { twoProcessesSuite } from './two-processes.suite.js';
