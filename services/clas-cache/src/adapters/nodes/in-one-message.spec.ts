/** No change of a view is near the limit of a message. */
import type { Group, NodeView } from '@ringfence/contracts';
import { viewOf } from '@ringfence/edge';
import { expect, it } from 'vitest';
import { inOneMessage } from './in-one-message.js';

const nothing = { upsert: [], remove: [] };
const group = (cidrs: number): Group => ({
  ...{ id: 'g', labelSets: [], workloads: [], fqdns: [], ownHost: false },
  cidrs: Array.from({ length: cidrs }, (_, i) => `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}/32`),
});
const change = (groups: Group[]): NodeView => ({
  ...{ node: 'node-1', revision: 8, base: 7, policyVersion: 3, at: '2026-01-01T00:00:00.000Z' },
  ...{ groups: { upsert: groups, remove: [] }, endpoints: nothing, units: nothing },
});

it('tells what fits as it is', () => {
  const small = change([group(10)]);
  expect(viewOf(inOneMessage(small))).toEqual(small);
});

it('tells what does not as a gap that only the whole view fills', () => {
  const told = inOneMessage({ ...change([group(60_000)]), unpaired: true });
  expect(told).toMatchObject({ base: 8, revision: 8, groups: nothing, unpaired: true });
});
