import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Cluster } from '../api/cluster.js';
import { startApiServer } from '../api/server.js';
import type { ApiServer } from '../api/server.js';
import { eventually } from '../api/testing/api-client.js';
import { EventRetentionController } from './event-retention.controller.js';

let server: ApiServer;
let cluster: Cluster;
let retention: EventRetentionController;
let now: Date;

beforeEach(async () => {
  now = new Date('2026-01-01T00:00:00Z');
  server = await startApiServer({ now: () => now });
  ({ cluster } = server);
  retention = new EventRetentionController(cluster, { keptMs: 3_600_000, mostKept: 3 });
});
afterEach(async () => {
  await retention.close();
  await server.close();
});

const say = async (name: string): Promise<unknown> =>
  cluster.resource('events').create({ metadata: { name, namespace: 'default' } });
const repeat = (name: string, count: number): unknown =>
  cluster
    .resource('events')
    .modify({ namespace: 'default', name }, (draft) => void Object.assign(draft, { count }));
const left = (): string[] =>
  cluster
    .resource('events')
    .list()
    .map(({ metadata: { name } }) => name)
    .sort();
const leftAre = (...names: string[]): Promise<unknown> =>
  eventually(() => left().join() === names.join(), names.join());

describe('events', () => {
  it('make room for newer ones, those first that were not said for the longest time', async () => {
    for (const name of ['a', 'b', 'c']) await say(name);
    repeat('a', 2);
    await say('d');
    await leftAre('a', 'c', 'd');
    await say('e');
    await leftAre('a', 'd', 'e');
  });

  it('go an hour after they were last said', async () => {
    await say('a');
    await say('b');
    now = new Date(now.getTime() + 3_000_000);
    repeat('a', 2);
    now = new Date(now.getTime() + 700_000);
    for (const name of ['c', 'd']) await say(name);
    await leftAre('a', 'c', 'd');
    expect(left()).not.toContain('b');
  });
});
