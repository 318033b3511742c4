import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { KubeObject } from './kube-object.js';
import type { ApiClient } from './testing/api-client.js';
import { configMap, configMaps, serveApi } from './testing/served-api.js';
import type { ServedApi } from './testing/served-api.js';

let served: ServedApi;
let api: ApiClient;

beforeEach(async () => {
  served = await serveApi();
  ({ api } = served);
});
afterEach(() => served.close());

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
