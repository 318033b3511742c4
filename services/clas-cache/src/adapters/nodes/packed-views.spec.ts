/** Views that wait to be asked for, part by part. */
import { randomBytes } from 'node:crypto';
import type { NodeView } from '@ringfence/contracts';
import { joinView } from '@ringfence/edge';
import { expect, it } from 'vitest';
import { PackedViews } from './packed-views.js';

const nothing = { upsert: [], remove: [] };
/** Of random names: gzip makes little of them. */
const viewOf = (revision: number, endpoints = 20_000): NodeView => ({
  ...{ node: 'node-1', revision, base: null, policyVersion: 1, at: '2026-01-01T00:00:00.000Z' },
  ...{ groups: nothing, units: nothing },
  endpoints: {
    upsert: Array.from({ length: endpoints }, () => ({
      ...{ id: randomBytes(16).toString('hex'), workload: null, labelSet: `ls-${'0'.repeat(20)}` },
      ...{ class: 'pod' as const, addresses: [], node: null },
    })),
    remove: [],
  },
});

it('gives out the parts of the view that the first one was of, whatever changed since', async () => {
  const views = new PackedViews();
  const view = viewOf(1);
  const first = await views.first('node-1', async () => view);
  const others = await views.first('node-2', async () => viewOf(2));
  expect(others.view).not.toBe(first.view);
  const rest = Array.from({ length: first.parts - 1 }, (_, i) =>
    views.further('node-1', { view: first.view, part: i + 1 }),
  );
  expect(rest.length).toBeGreaterThan(0);
  expect(await joinView([first, ...rest])).toEqual(view);
});

it('has nothing more of a view that was given out, that another took the place of, or that nobody asked for', async () => {
  const views = new PackedViews();
  const first = await views.first('node-1', async () => viewOf(1));
  const ask = (view: string, part: number) => () => views.further('node-1', { view, part });
  const gone = expect.objectContaining({ code: 'ABORTED' });
  const second = await views.first('node-1', async () => viewOf(2));
  expect(ask(first.view, 1)).toThrowError(gone);
  expect(ask(second.view, second.parts)).toThrowError(gone);
  for (let part = 1; part < second.parts; part += 1) ask(second.view, part)();
  expect(ask(second.view, 1)).toThrowError(gone);
  expect(() => views.further('node-9', { view: first.view, part: 1 })).toThrowError(gone);
});

it('lets no more wait than it packs while they wait', async () => {
  const views = new PackedViews();
  const all = await Promise.allSettled(
    Array.from({ length: 40 }, (_, i) => views.first(`node-${i}`, async () => viewOf(i, 1))),
  );
  const refused = all.filter(({ status }) => status === 'rejected');
  expect(refused).toHaveLength(8);
  expect(refused[0]).toMatchObject({ reason: { code: 'RESOURCE_EXHAUSTED' } });
});
