import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { KubeObject } from './kube-object.js';
import { startApiServer } from './server.js';
import type { ApiServer } from './server.js';
import type { Status } from './status-error.js';
import { ApiClient } from './testing/api-client.js';

interface List {
  kind: string;
  metadata: { resourceVersion: string; continue?: string; remainingItemCount?: number };
  items: KubeObject[];
}

const configMaps = '/api/v1/namespaces/default/configmaps';
const pods = '/api/v1/namespaces/default/pods';

let server: ApiServer;
let api: ApiClient;

beforeEach(async () => {
  server = await startApiServer({ bookmarkIntervalMs: 30, historyLimit: 50 });
  api = new ApiClient(server);
});

afterEach(async () => {
  api.close();
  await server.close();
});

const configMap = (name: string, data = {}): unknown => ({
  kind: 'ConfigMap',
  apiVersion: 'v1',
  metadata: { name, labels: { name } },
  data,
});
const pod = (name: string, spec = {}): unknown => ({
  metadata: { name },
  spec: { containers: [{ name: 'main', image: 'app:1' }], ...spec },
});

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
    server.faults.expireHistory();
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
    server.faults.breakOffWatches();
    expect(await broken.ended()).toBe(false);
    timed.close();
    const second = await api.watch(`${configMaps}?timeoutSeconds=1&resourceVersion=${await current()}`);
    expect(await second.ended()).toBe(true);
  });

  it('refuse to stream initial events, so that clients fall back to listing', async () => {
    expect((await api.get(`${configMaps}?watch=true&sendInitialEvents=true`)).code).toBe(422);
  });
});

describe('patches', () => {
  const deployments = '/apis/apps/v1/namespaces/default/deployments';
  interface DeploymentBody extends KubeObject {
    spec: {
      template: {
        spec: { containers: { name: string; image: string; env?: { name: string; value?: string }[] }[] };
      };
    };
  }
  const containersOf = (body: DeploymentBody): DeploymentBody['spec']['template']['spec']['containers'] =>
    body.spec.template.spec.containers;
  const deployment = (containers: unknown[]): unknown => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web' },
    spec: {
      selector: { matchLabels: { app: 'web' } },
      template: { metadata: { labels: { app: 'web' } }, spec: { containers } },
    },
  });

  it('merge lists by their keys when strategic', async () => {
    await api.post(
      deployments,
      deployment([
        { name: 'a', image: 'a:1', env: [{ name: 'X', value: '1' }] },
        { name: 'b', image: 'b:1' },
      ]),
    );
    const { body } = await api.patch<DeploymentBody>(`${deployments}/web`, 'strategic-merge', {
      spec: {
        template: {
          spec: {
            containers: [
              { name: 'a', env: [{ name: 'Y', value: '2' }] },
              { name: 'b', $patch: 'delete' },
            ],
          },
        },
      },
    });
    expect(containersOf(body)).toMatchObject([
      {
        name: 'a',
        image: 'a:1',
        env: expect.arrayContaining([
          { name: 'X', value: '1' },
          { name: 'Y', value: '2' },
        ]) as unknown,
      },
    ]);
    expect(containersOf(body)).toHaveLength(1);
  });

  it('replace lists when merging as JSON, and follow operations when JSON patches', async () => {
    await api.post(configMaps, configMap('settings', { a: '1', b: '2' }));
    expect(
      (await api.patch(`${configMaps}/settings`, 'merge', { data: { a: null, c: '3' } })).body,
    ).toMatchObject({ data: { b: '2', c: '3' } });
    const operations = [
      { op: 'test', path: '/data/b', value: '2' },
      { op: 'add', path: '/metadata/labels/x~1y', value: 'z' },
    ];
    expect(
      (await api.patch(`${configMaps}/settings`, 'json', operations)).body.metadata.labels,
    ).toMatchObject({ 'x/y': 'z' });
    expect(
      (await api.patch(`${configMaps}/settings`, 'json', [{ op: 'test', path: '/data/b', value: 'no' }]))
        .code,
    ).toBe(422);
  });

  it('refuse types they do not know', async () => {
    await api.post(configMaps, configMap('settings'));
    expect((await api.send('PATCH', `${configMaps}/settings`, { body: {}, type: 'text/html' })).code).toBe(
      415,
    );
  });

  it('applied by the server take away what the same manager no longer applies, and only that', async () => {
    await api.apply(
      `${deployments}/web`,
      'one',
      deployment([
        { name: 'a', image: 'a:1', env: [{ name: 'X', value: '1' }] },
        { name: 'b', image: 'b:1' },
      ]),
    );
    await api.apply(`${deployments}/web`, 'two', { ...(deployment([]) as object), spec: { replicas: 4 } });
    const { code, body } = await api.apply<DeploymentBody & { spec: { replicas: number } }>(
      `${deployments}/web`,
      'one',
      deployment([{ name: 'a', image: 'a:2' }]),
    );
    expect(code).toBe(200);
    expect(body.spec.replicas).toBe(4);
    expect(containersOf(body)).toHaveLength(1);
    expect(containersOf(body)[0]).toMatchObject({ name: 'a', image: 'a:2' });
    expect(containersOf(body)[0]?.env).toBeUndefined();
    expect(body.metadata.managedFields?.map(({ manager }) => manager)).toEqual(['two', 'one']);
  });
});
