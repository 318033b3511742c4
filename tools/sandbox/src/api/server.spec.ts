import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Status } from './status-error.js';
import type { ApiClient } from './testing/api-client.js';
import { configMaps, serveApi } from './testing/served-api.js';
import type { ServedApi } from './testing/served-api.js';

let served: ServedApi;
let api: ApiClient;

beforeEach(async () => {
  served = await serveApi();
  ({ api } = served);
});
afterEach(() => served.close());

describe('the door', () => {
  it('answers health and version to anybody, everything else only with the token', async () => {
    expect((await api.send<string>('GET', '/readyz', { token: 'wrong' })).body).toBe('ok');
    expect((await api.send<{ minor: string }>('GET', '/version', { token: 'wrong' })).body.minor).toBe('32');
    const refused = await api.send<Status>('GET', '/api/v1/pods', { token: 'wrong' });
    expect(refused).toMatchObject({ code: 401, body: { kind: 'Status', reason: 'Unauthorized' } });
  });

  it('refuses bodies that are too large', async () => {
    const answer = await api
      .post<Status>(configMaps, { metadata: { name: 'big' }, data: { text: 'x'.repeat(4_000_000) } })
      .catch(() => undefined);
    // The connection may be reset while the client still writes; if there is an answer it is 413.
    expect(answer?.code ?? 413).toBe(413);
  });
});

describe('discovery', () => {
  it('lists every kind, aggregated and in the old form', async () => {
    const aggregated = await api.get<{ items: { metadata: { name: string } }[] }>(
      '/apis',
      'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json',
    );
    expect(aggregated.body.items.map(({ metadata }) => metadata.name)).toContain('apps');
    const apps = await api.get<{ resources: { name: string }[] }>('/apis/apps/v1');
    expect(apps.body.resources.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['deployments', 'deployments/scale']),
    );
    expect((await api.get('/apis/no.such.group/v1')).code).toBe(404);
  });
});
