import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Status } from './status-error.js';
import type { ApiClient } from './testing/api-client.js';
import { configMap, configMaps, pods, serveApi } from './testing/served-api.js';
import type { List, ServedApi } from './testing/served-api.js';

let served: ServedApi;
let api: ApiClient;

beforeEach(async () => {
  served = await serveApi();
  ({ api } = served);
});
afterEach(() => served.close());

const pod = (name: string, spec = {}): unknown => ({
  metadata: { name },
  spec: { containers: [{ name: 'main', image: 'app:1' }], ...spec },
});

describe('objects', () => {
  it('get uid, version and timestamp from the server', async () => {
    const { code, body } = await api.post(configMaps, configMap('settings'));
    expect(code).toBe(201);
    expect(body.metadata).toMatchObject({
      name: 'settings',
      namespace: 'default',
      uid: expect.any(String) as string,
    });
    expect(body.metadata.creationTimestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    expect((await api.get(`${configMaps}/settings`)).body).toEqual(body);
  });

  it('get a generated name', async () => {
    const { body } = await api.post(configMaps, { metadata: { generateName: 'made-' } });
    expect(body.metadata.name).toMatch(/^made-[a-z0-9]{5}$/);
  });

  it.each([
    ['a name twice', configMaps, configMap('twice'), 409, 'AlreadyExists'],
    ['a bad name', configMaps, configMap('Not_Valid'), 422, 'Invalid'],
    ['another kind', configMaps, { kind: 'Secret', metadata: { name: 'x' } }, 400, 'BadRequest'],
    ['a list', configMaps, [], 400, 'BadRequest'],
    ['a missing namespace', '/api/v1/namespaces/nowhere/configmaps', configMap('x'), 404, 'NotFound'],
    ['a pod without containers', pods, { metadata: { name: 'empty' }, spec: {} }, 422, 'Invalid'],
    ['an unknown path', '/api/v1/namespaces/default/widgets', {}, 404, 'NotFound'],
  ])('refuses %s', async (_, path, body, code, reason) => {
    await api.post(configMaps, configMap('twice'));
    expect(await api.post<Status>(path, body)).toMatchObject({
      code,
      body: { kind: 'Status', status: 'Failure', reason },
    });
  });

  it('of a custom kind keep to none of the rules of a built-in kind with its name', async () => {
    const names = { kind: 'Service', plural: 'services' };
    const versions = [{ name: 'v1', served: true, storage: true }];
    await api.post('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
      metadata: { name: 'services.serving.example.com' },
      spec: { group: 'serving.example.com', scope: 'Namespaced', names, versions },
    });
    const { code, body } = await api.post('/apis/serving.example.com/v1/namespaces/default/services', {
      metadata: { name: 'hello' },
      spec: { template: { spec: { containers: [] } } },
    });
    expect(code).toBe(201);
    expect(body.spec).toEqual({ template: { spec: { containers: [] } } });
  });

  it('refuses an update of an older version and leaves an update without a change alone', async () => {
    const { body: first } = await api.post(configMaps, configMap('settings', { a: '1' }));
    const { body: second } = await api.put(`${configMaps}/settings`, { ...first, data: { a: '2' } });
    expect(await api.put<Status>(`${configMaps}/settings`, { ...first, data: { a: '3' } })).toMatchObject({
      code: 409,
      body: { reason: 'Conflict' },
    });
    expect((await api.put(`${configMaps}/settings`, second)).body).toEqual(second);
  });

  it('keep status and specification apart', async () => {
    const path = '/apis/apps/v1/namespaces/default/replicasets';
    const template = { metadata: { labels: { app: 'a' } }, spec: { containers: [{ name: 'main' }] } };
    const { body: created } = await api.post(path, {
      metadata: { name: 'set' },
      spec: { selector: { matchLabels: { app: 'a' } }, template },
      status: { replicas: 9 },
    });
    expect(created.status).toBeUndefined();
    await api.patch(`${path}/set/status`, 'merge', { spec: { replicas: 7 }, status: { replicas: 1 } });
    const { body } = await api.patch(`${path}/set`, 'merge', {
      spec: { replicas: 3 },
      status: { replicas: 5 },
    });
    expect(body).toMatchObject({
      metadata: { generation: 2 },
      spec: { replicas: 3 },
      status: { replicas: 1 },
    });
  });

  it('can be tried without being stored', async () => {
    expect((await api.post(`${configMaps}?dryRun=All`, configMap('ghost'))).code).toBe(201);
    expect((await api.get(`${configMaps}/ghost`)).code).toBe(404);
  });
});

describe('deletion', () => {
  it('takes away at once what nothing holds', async () => {
    await api.post(configMaps, configMap('gone'));
    expect((await api.delete<Status>(`${configMaps}/gone`)).body).toMatchObject({ status: 'Success' });
    expect((await api.get(`${configMaps}/gone`)).code).toBe(404);
  });

  it('waits for finalizers', async () => {
    await api.post(configMaps, { metadata: { name: 'held', finalizers: ['example.com/hold'] } });
    await api.delete(`${configMaps}/held`);
    expect((await api.get(`${configMaps}/held`)).body.metadata.deletionTimestamp).toBeDefined();
    await api.patch(`${configMaps}/held`, 'merge', { metadata: { finalizers: null } });
    expect((await api.get(`${configMaps}/held`)).code).toBe(404);
  });

  it('marks a Pod on a node until its kubelet confirms the end', async () => {
    await api.post(pods, pod('running'));
    await api.post(`${pods}/running/binding`, { target: { kind: 'Node', name: 'node-1' } });
    const marked = await api.delete(`${pods}/running`);
    expect(marked.body.metadata).toMatchObject({
      deletionGracePeriodSeconds: 30,
      deletionTimestamp: expect.any(String) as string,
    });
    await api.delete(`${pods}/running`, { gracePeriodSeconds: 0 });
    expect((await api.get(`${pods}/running`)).code).toBe(404);
  });

  it('obeys preconditions', async () => {
    await api.post(configMaps, configMap('guarded'));
    expect((await api.delete(`${configMaps}/guarded`, { preconditions: { uid: 'another' } })).code).toBe(409);
  });

  it('empties a collection by selector', async () => {
    for (const name of ['a', 'b', 'c']) await api.post(configMaps, configMap(name));
    await api.delete(`${configMaps}?labelSelector=name in (a,b)`.replaceAll(' ', '%20'));
    const { body } = await api.get<List>(`${configMaps}?labelSelector=name`);
    expect(body.items.map(({ metadata }) => metadata.name)).toEqual(['c']);
  });
});
