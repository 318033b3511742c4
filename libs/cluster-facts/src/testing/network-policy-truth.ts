/**
 * What NetworkPolicies mean, as a table: every field, what is empty against what is absent, and what changes while they stand. Each row
 * is a cluster of few Pods, policies as people write them, and who then gets through to whom. Whatever enforces them is held against it.
 */
import { CHANGES } from './truth-of-changes.js';
import { PEERS, PORTS } from './truth-of-peers.js';
import { RULES, SELECTED, TYPES } from './truth-of-selection.js';
import type { Truth } from './truth-town.js';

export const TRUTH_TABLE: readonly Truth[] = [
  ...SELECTED,
  ...TYPES,
  ...RULES,
  ...PEERS,
  ...PORTS,
  ...CHANGES,
];
