import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Status } from './status-error.js';
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

describe('lists', () => {
  beforeEach(async () => {
    for (const name of ['a', 'b', 'c', 'd', 'e']) await api.post(configMaps, configMap(name));
  });

  const names = (list: List): string[] => list.items.map(({ metadata }) => metadata.name);

  it('come in pages of one consistent snapshot', async () => {
    const { body: first } = await api.get<List>(`${configMaps}?limit=2&labelSelector=name`);
    await api.post(configMaps, configMap('aa'));
    await api.delete(`${configMaps}/d`);
    const { body: second } = await api.get<List>(
      `${configMaps}?limit=10&labelSelector=name&continue=${first.metadata.continue}`,
    );
    expect([...names(first), ...names(second)]).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(second.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
  });

  it('answer 410 with a fresh token when the snapshot is too old', async () => {
    const { body: first } = await api.get<List>(`${configMaps}?limit=2&labelSelector=name`);
    await api.delete(`${configMaps}/d`);
    served.server.faults.expireHistory();
    const refused = await api.get<Status>(
      `${configMaps}?limit=2&labelSelector=name&continue=${first.metadata.continue}`,
    );
    expect(refused).toMatchObject({ code: 410, body: { reason: 'Expired' } });
    const { body: rest } = await api.get<List>(
      `${configMaps}?labelSelector=name&continue=${refused.body.metadata.continue}`,
    );
    expect(names(rest)).toEqual(['c', 'e']);
  });

  it.each([
    ['labelSelector=name=a', ['a']],
    ['labelSelector=name!=a,name', ['b', 'c', 'd', 'e']],
    ['labelSelector=name notin (a,b),name', ['c', 'd', 'e']],
    ['labelSelector=!name', ['kube-root-ca.crt']],
    ['fieldSelector=metadata.name=b', ['b']],
    ['fieldSelector=metadata.name!=b,metadata.namespace=default', ['a', 'c', 'd', 'e', 'kube-root-ca.crt']],
  ])('are selected by %s', async (query, expected) => {
    expect(names((await api.get<List>(`${configMaps}?${query.replaceAll(' ', '%20')}`)).body)).toEqual(
      expected,
    );
  });

  it('come as a table or as metadata only', async () => {
    const table = await api.get<{
      kind: string;
      columnDefinitions: { name: string }[];
      rows: { cells: unknown[] }[];
    }>('/api/v1/namespaces', 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json');
    expect(table.body.columnDefinitions.map(({ name }) => name)).toEqual(['Name', 'Status', 'Age']);
    expect(table.body.rows[0]?.cells.slice(0, 2)).toEqual(['default', 'Active']);
    const metadata = await api.get<List>(
      `${configMaps}?labelSelector=name=a`,
      'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io',
    );
    expect(metadata.body.kind).toBe('PartialObjectMetadataList');
    expect(Object.keys(metadata.body.items[0] ?? {})).not.toContain('data');
  });
});
