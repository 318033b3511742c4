/** A world from zero, as policy-compute and clas-cache go through it together. */
import { GroupMembers, PolicyCalculator } from '@ringfence/policy-engine';
import { CLUSTER } from './shape.js';
import type { Shape } from './shape.js';

export type Flushed = ReturnType<PolicyCalculator['flush']>;

export interface Computed {
  readonly calculator: PolicyCalculator;
  readonly members: GroupMembers;
  readonly flushed: Flushed;
  readonly counts: Readonly<Record<'units' | 'lists' | 'groups' | 'addresses', number>>;
}

export function compute({ catalogue, ipLists, ruleSets, labelSets, endpoints }: Shape): Computed {
  const calculator = new PolicyCalculator();
  const members = new GroupMembers();
  calculator.setCatalogue(catalogue);
  for (const ipList of ipLists) calculator.setObject('ip_lists', ipList);
  for (const ruleSet of ruleSets) calculator.setObject('rule_sets', ruleSet);
  for (const labelSet of labelSets) calculator.setLabelSet(labelSet, 'full');
  const flushed = calculator.flush(CLUSTER);
  for (const group of flushed.groups.upsert) members.upsertGroup(group);
  for (const endpoint of endpoints) members.upsertEndpoint(endpoint);
  const addresses = [...members.takeChanges().values()].reduce((sum, { added }) => sum + added.length, 0);
  const { units, lists, groups } = flushed;
  const counts = { units: units.upsert.length, lists: lists.upsert.length, groups: groups.upsert.length };
  return { calculator, members, flushed, counts: { ...counts, addresses } };
}

/** What is told, as the lane carries it. */
export function messagesOf({ units, lists, groups }: Flushed): { count: number; bytes: number } {
  const told = [units, lists, groups].flatMap(({ upsert }) => upsert as readonly object[]);
  const gone = [units, lists, groups].reduce((sum, { remove }) => sum + remove.length, 0);
  const bytes = told.reduce((sum, record) => sum + Buffer.byteLength(JSON.stringify(record)), 0);
  return { count: told.length + gone, bytes };
}
