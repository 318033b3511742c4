import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ApiClient } from './testing/api-client.js';
import { configMap, configMaps, serveApi } from './testing/served-api.js';
import type { List, ServedApi } from './testing/served-api.js';

let served: ServedApi;
let api: ApiClient;

beforeEach(async () => {
  served = await serveApi();
  ({ api } = served);
});
afterEach(() => served.close());

describe('watches', () => {
  const current = async (): Promise<string> =>
    (await api.get<List>(configMaps)).body.metadata.resourceVersion;

  it('continue from a version without a gap and without a repetition', async () => {
    const since = await current();
    await api.post(configMaps, configMap('before', { a: '1' }));
    const watch = await api.watch(`${configMaps}?resourceVersion=${since}`);
    await api.patch(`${configMaps}/before`, 'merge', { data: { a: '2' } });
    await api.delete(`${configMaps}/before`);
    const events = [await watch.next(), await watch.next(), await watch.next()];
    expect(events.map(({ type }) => type)).toEqual(['ADDED', 'MODIFIED', 'DELETED']);
    watch.close();
  });

  it('show an object that starts or stops matching the selector as added or deleted', async () => {
    const watch = await api.watch(
      `${configMaps}?labelSelector=tier=front&resourceVersion=${await current()}`,
    );
    await api.post(configMaps, configMap('x'));
    await api.patch(`${configMaps}/x`, 'merge', { metadata: { labels: { tier: 'front' } } });
    await api.patch(`${configMaps}/x`, 'merge', { metadata: { labels: { tier: 'back' } } });
    expect([(await watch.next()).type, (await watch.next()).type]).toEqual(['ADDED', 'DELETED']);
    watch.close();
  });

  it('send bookmarks to those who ask', async () => {
    const watch = await api.watch(
      `${configMaps}?allowWatchBookmarks=true&resourceVersion=${await current()}`,
    );
    const { type, object } = await watch.next();
    expect(type).toBe('BOOKMARK');
    expect(Number(object.metadata.resourceVersion)).toBeGreaterThan(0);
    watch.close();
  });

  it('answer a version that is too old with one 410 event', async () => {
    const since = await current();
    for (let change = 0; change < 120; change += 1)
      await api.apply(`${configMaps}/busy`, 'test', configMap('busy', { change: String(change) }));
    const watch = await api.watch(`${configMaps}?resourceVersion=${since}`);
    expect(await watch.next()).toMatchObject({ type: 'ERROR', object: { code: 410, reason: 'Expired' } });
    expect(await watch.ended()).toBe(true);
  });

  it('end in order when their time is up, and break off when the server fails', async () => {
    const timed = await api.watch(`${configMaps}?timeoutSeconds=1&resourceVersion=${await current()}`);
    const broken = await api.watch(`${configMaps}?resourceVersion=${await current()}`);
    served.server.faults.breakOffWatches();
    expect(await broken.ended()).toBe(false);
    timed.close();
    const second = await api.watch(`${configMaps}?timeoutSeconds=1&resourceVersion=${await current()}`);
    expect(await second.ended()).toBe(true);
  });

  it('refuse to stream initial events, so that clients fall back to listing', async () => {
    expect((await api.get(`${configMaps}?watch=true&sendInitialEvents=true`)).code).toBe(422);
  });
});
