/** A world from zero, as policy-compute and clas-cache go through it together. */
import type { Endpoint } from '@ringfence/contracts';
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

export interface Told {
  readonly flushed?: Flushed;
  readonly endpoints?: readonly Endpoint[];
  /** Endpoints. */
  readonly gone?: number;
}

/** What is told, as the lane carries it: who goes is a message without a body. */
export function messagesOf({ flushed, endpoints = [], gone = 0 }: Told): { count: number; bytes: number } {
  const { units, lists, groups } = flushed ?? NOTHING;
  const told = [units.upsert, lists.upsert, groups.upsert, endpoints];
  let [count, bytes] = [gone + units.remove.length + lists.remove.length + groups.remove.length, 0];
  for (const records of told) {
    count += records.length;
    for (const record of records) bytes += Buffer.byteLength(JSON.stringify(record));
  }
  return { count, bytes };
}

const NOTHING: Flushed = {
  units: { upsert: [], remove: [] },
  lists: { upsert: [], remove: [] },
  groups: { upsert: [], remove: [] },
};
