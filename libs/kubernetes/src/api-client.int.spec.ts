import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { apiClient } from './api-client.js';
import type { Credentials } from './cluster-access.js';
import { StockApi } from './testing/stock-api.js';

const tls = { rejectUnauthorized: true };
let api: StockApi;

beforeEach(async () => {
  api = await StockApi.start();
});
afterEach(() => api.close());

describe('a request that is refused', () => {
  it('with 401 is sent once more if there is another credential by now', async () => {
    let token = 'old';
    const refused: (Credentials | undefined)[] = [];
    let current: Credentials = { tls, token };
    const client = apiClient({
      ...{ server: api.url, tls, token: () => token },
      credentials: async (no) => {
        if (no !== undefined) refused.push(no);
        if (no !== undefined && current.token !== token) current = { tls, token };
        return current;
      },
    });
    api.fault = ({ headers }) => (headers.authorization === 'Bearer new' ? undefined : { status: 401 });
    await expect(client.get('/api/v1/pods')).rejects.toMatchObject({ status: 401 });
    expect(api.requests).toHaveLength(1);
    token = 'new';
    await expect(client.get('/api/v1/pods')).resolves.toMatchObject({ items: [] });
    expect([api.requests.length, refused.map((each) => each?.token)]).toEqual([3, ['old', 'old']]);
    await client.close();
  });

  it('says when the server wants to be asked again', async () => {
    const client = apiClient({ server: api.url, tls, token: () => undefined });
    const after = async (header: string): Promise<unknown> => {
      api.fault = () => ({ status: 429, headers: { 'retry-after': header } });
      return client.get('/api/v1/pods').catch((error: { retryAfterMs: number }) => error.retryAfterMs);
    };
    expect(await after('3')).toBe(3_000);
    expect([await after('100000'), await after('soon')]).toEqual([60_000, 0]);
    const date = Number(await after(new Date(Date.now() + 30_000).toUTCString()));
    expect(date).toBeGreaterThan(0);
    expect(date).toBeLessThanOrEqual(30_000);
    await client.close();
  });
});
