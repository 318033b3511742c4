import { eventually } from '@ringfence/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { apiClient } from './api-client.js';
import type { ApiClient } from './api-client.js';
import type { ListWatchOptions } from './list-watch.js';
import { followKind } from './testing/followed-kind.js';
import type { FollowedKind } from './testing/followed-kind.js';
import { StockApi } from './testing/stock-api.js';

const PATH = '/api/v1/things';

let api: StockApi;
let client: ApiClient;
let followed: FollowedKind | undefined;

function follow(options: ListWatchOptions = {}): FollowedKind {
  followed = followKind(client, PATH, options);
  return followed;
}

beforeEach(async () => {
  api = await StockApi.start();
  client = apiClient({ server: api.url, tls: { rejectUnauthorized: true }, token: () => undefined });
});
afterEach(async () => {
  await followed?.watch.close();
  await client.close();
  await api.close();
});

describe('list and watch', () => {
  it('lists in pages, then follows creations and deletions', async () => {
    for (let n = 0; n < 620; n += 1) api.put(PATH, `many-${n}`);
    const { watch, names, log } = follow();
    await eventually(() => log.lists === 1 && api.watching === 1);
    expect(names()).toHaveLength(620);
    expect(watch.problem()).toBeNull();
    api.put(PATH, 'late');
    api.remove(PATH, 'many-3');
    await eventually(() => names().includes('late') && !names().includes('many-3'));
    expect(log).toMatchObject({ lists: 1, gone: ['many-3'], troubles: [] });
  });

  it('leaves nothing behind of a list that broke off between two pages', async () => {
    for (let n = 100; n < 700; n += 1) api.put(PATH, `thing-${n}`);
    let broken = 0;
    api.fault = ({ query }) => {
      if (!query.has('continue') || broken > 0) return undefined;
      broken += 1;
      // Told by the first page already.
      api.remove(PATH, 'thing-100');
      return { status: 500, body: { message: 'etcdserver: leader changed' } };
    };
    const { log, names } = follow();
    await eventually(() => log.lists === 1);
    expect(log.gone).toEqual(['thing-100']);
    expect(names()).toHaveLength(599);
  });

  it('notices at the next watch that the state was put back, and lists again', async () => {
    api.put(PATH, 'stays');
    const restore = api.snapshot();
    api.put(PATH, 'later');
    const { log, names } = follow();
    await eventually(() => log.lists === 1 && api.watching === 1);
    restore();
    await eventually(() => log.lists === 2);
    expect(names()).toEqual(['stays']);
    expect(log).toMatchObject({ wentBack: 1, gone: ['later'] });
  });

  it('looks now and then whether what it holds is what there is, and tells only what is not', async () => {
    api.put(PATH, 'stays');
    api.put(PATH, 'vanishes');
    const { log, names } = follow({ verifyEveryMs: 1 });
    await eventually(() => log.lists === 1 && api.watching === 1);
    // Without a word to whoever watches, and with no version to see it by.
    api.removeSilently(PATH, 'vanishes');
    api.breakOff();
    await eventually(() => log.gone.includes('vanishes'));
    expect(names()).toEqual(['stays']);
    expect(log).toMatchObject({ changes: 2, wentBack: 0 });
  });
});
