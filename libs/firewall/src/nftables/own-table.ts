/**
 * What is the same in every table of ours, so that whoever only reads tables knows them without knowing any policy:
 * `@ringfence/firewall/own-table`. Nothing here may load the model or the contracts: the kernel helper has little memory.
 */
export { FAMILIES, FLOW_TABLES, flowSetName, flowSetNames, HALVES } from './flow-sets.js';
export type { Family, FlowTable, Half } from './flow-sets.js';

export const TABLE = 'inet ringfence';
export const COUNTERS = ['c_overflow', 'c_invalid', 'c_stale', 'c_guard'] as const;
/** Never jumped to; its one rule's comment tells a restarted agent what it finds. */
export const REVISION_CHAIN = 'revision';

/** `add` then `delete` makes the deletion succeed where there is no table. */
export function renderRemoval(): string {
  return `table ${TABLE}\ndelete table ${TABLE}\n`;
}
