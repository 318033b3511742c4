/** A view off a real server: in parts, whole or not at all, and what changes meanwhile after it. */
import { randomBytes } from 'node:crypto';
import { CallError, connectBus } from '@ringfence/bus';
import type { Bus } from '@ringfence/bus';
import { CALLS, subjects } from '@ringfence/contracts';
import type { Group, NodeView, NodeViewPart } from '@ringfence/contracts';
import { eventually, startNats } from '@ringfence/testing';
import type { NatsServer } from '@ringfence/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { NodeViewReader } from './node-view.reader.js';
import { viewMessage } from './view-message.js';
import { packView } from './view-parts.js';

const CLUSTER = '11111111-1111-4111-8111-111111111111';
const nothing = { upsert: [], remove: [] };
let nats: NatsServer;
let [agent, cache] = [] as unknown as [Bus, Bus];

beforeAll(async () => {
  nats = await startNats();
  const busOf = (name: string) => connectBus({ servers: nats.url, name, server: 'cluster' });
  [agent, cache] = await Promise.all([busOf('node-1'), busOf('clas-cache')]);
});
afterAll(async () => {
  await Promise.all([agent.close(), cache.close()]);
  await nats.close();
});

const group = (cidrs: number): Group => ({
  ...{ id: `g-${'0'.repeat(20)}`, labelSets: [], workloads: [], ownHost: false, fqdns: [] },
  // Gzip makes little of them.
  cidrs: Array.from({ length: cidrs }, () => randomBytes(12).toString('hex')),
});
const view = (revision: number, base: number | null, groups: Group[] = []): NodeView => ({
  ...{ node: 'node-1', revision, base, policyVersion: 1, at: '2026-01-01T00:00:00.000Z' },
  ...{ groups: { upsert: groups, remove: [] }, endpoints: nothing, units: nothing },
});

it('takes a view of many parts when all of it is there, and then what was told while it came', async () => {
  const views = [view(5, null, [group(60_000)]), view(7, null, [group(60_000)])];
  let parts: NodeViewPart[] = [];
  const served = cache.serve(
    CALLS.nodeSnapshot,
    async ({ further }) => {
      if (further === undefined) parts = await packView(views.shift()!);
      else cache.send(subjects.nodeView(CLUSTER, 'node-1'), viewMessage(view(8, 7)));
      // Lost after its first part: another clas-cache knows nothing of it.
      if (further !== undefined && views.length === 1) throw CallError.of('ABORTED', 'view-gone', 'gone');
      return parts[further?.part ?? 0]!;
    },
    { suffix: '*' },
  );
  const taken: (readonly [number | null, number])[] = [];
  const states: (true | string)[] = [];
  const reader = new NodeViewReader({
    ...{ bus: agent, cluster: CLUSTER, node: 'node-1' },
    take: ({ base, revision }) => {
      taken.push([base, revision]);
      return 'applied';
    },
    onState: (state) => void states.push(state),
  });
  await eventually(() => taken.length > 1);
  expect(parts.length).toBeGreaterThan(2);
  expect(taken.slice(0, 2)).toEqual([
    [null, 7],
    [7, 8],
  ]);
  expect(states).toEqual(['no view from clas-cache: gone', true]);
  reader.close();
  served.close();
});
