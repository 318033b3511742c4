/** Whatever happens to the parts of a view on their way: all of it arrives, or nothing. */
import type { NodeView, NodeViewPart } from '@ringfence/contracts';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { joinView, packView } from './view-parts.js';

const nothing = { upsert: [], remove: [] };
/** Random words, so that a view of a few hundred kilobytes is left of it when it is packed. */
function viewOf(revision: number, words: number, seed: number): NodeView {
  let state = seed + 1;
  const word = (): string => {
    state = (state * 48_271) % 2_147_483_647;
    return state.toString(36);
  };
  const cidrs = Array.from({ length: words }, () => `${word()}${word()}${word()}`);
  return {
    ...{ node: 'node-1', revision, base: null, policyVersion: 1, at: '2026-01-01T00:00:00.000Z' },
    ...{ endpoints: nothing, units: nothing },
    groups: {
      upsert: [
        { id: `g-${'0'.repeat(20)}`, labelSets: [], workloads: [], cidrs: [], fqdns: cidrs, ownHost: false },
      ],
      remove: [],
    },
  };
}
const [old, now] = [viewOf(1, 60_000, 1), viewOf(2, 60_000, 2)];
const [oldParts, parts] = await Promise.all([packView(old), packView(now)]);

it('comes back as it was, in one part or in many', async () => {
  for (const view of [viewOf(3, 0, 3), viewOf(4, 1_000, 4), now])
    expect(await joinView(await packView(view))).toEqual(view);
  expect(parts.length).toBeGreaterThan(2);
});

it('is never near what a node may say in one message', () => {
  for (const part of parts) expect(JSON.stringify(part).length).toBeLessThan(400_000);
});

it('is whole or nothing: lost, doubled, reordered, of two revisions, cut short', async () => {
  const cut = (part: NodeViewPart): NodeViewPart => ({ ...part, gzip: part.gzip.slice(0, -40) });
  const arrived = fc.array(fc.constantFrom(...oldParts, ...parts, ...parts, ...parts.map(cut)), {
    maxLength: 24,
  });
  let whole = 0;
  await fc.assert(
    fc.asyncProperty(arrived, async (some) => {
      const view = await joinView(some).catch(() => null);
      whole += view === null ? 0 : 1;
      if (view !== null) expect([old, now]).toContainEqual(view);
    }),
    { numRuns: 100, seed: 7 },
  );
  expect(whole).toBeGreaterThan(0);
  await expect(joinView([...parts.slice(1), ...parts].reverse())).resolves.toEqual(now);
});
