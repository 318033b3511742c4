import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { JsonObject } from './json.js';
import { startApiServer } from './server.js';
import type { ApiServer } from './server.js';
import type { Status } from './status-error.js';
import { ApiClient } from './testing/api-client.js';

const registrations = '/apis/admissionregistration.k8s.io/v1';

let server: ApiServer;
let api: ApiClient;
let webhook: http.Server;
let reviews: JsonObject[];
let answer: (review: JsonObject) => unknown;

beforeEach(async () => {
  reviews = [];
  webhook = http.createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const review = JSON.parse(Buffer.concat(chunks).toString('utf8')) as JsonObject;
      reviews.push(review['request'] as JsonObject);
      response.end(JSON.stringify({ ...review, response: answer(review['request'] as JsonObject) }));
    });
  });
  await new Promise<void>((resolve) => webhook.listen(0, '127.0.0.1', resolve));
  server = await startApiServer();
  api = new ApiClient(server);
});

afterEach(async () => {
  api.close();
  await server.close();
  webhook.closeAllConnections();
  await new Promise((resolve) => webhook.close(resolve));
});

async function register(kind: 'Mutating' | 'Validating', change: JsonObject = {}): Promise<void> {
  const url = `http://127.0.0.1:${(webhook.address() as AddressInfo).port}/review`;
  const rules = [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] }];
  const hook = {
    name: 'hook.example.com',
    clientConfig: { url },
    rules,
    sideEffects: 'None',
    admissionReviewVersions: ['v1'],
    ...change,
  };
  const path = `${registrations}/${kind.toLowerCase()}webhookconfigurations`;
  expect((await api.post(path, { metadata: { name: 'hook' }, webhooks: [hook] })).code).toBe(201);
}

async function eventsAbout(name: string): Promise<string[]> {
  const path = `/api/v1/events?fieldSelector=involvedObject.name%3D${name}`;
  const { items } = (await api.get<{ items: { type: string; reason: string; message: string }[] }>(path))
    .body;
  return items.map(({ type, reason, message }) => `${type} ${reason} ${message}`);
}

const createPod = (labels = {}): ReturnType<typeof api.post<Status>> =>
  api.post<Status>('/api/v1/namespaces/default/pods', {
    metadata: { name: 'p', labels },
    spec: { containers: [{ name: 'main' }] },
  });

const patched =
  (...operations: object[]) =>
  ({ uid }: JsonObject): unknown => ({
    ...{ uid, allowed: true, patchType: 'JSONPatch' },
    patch: Buffer.from(JSON.stringify(operations)).toString('base64'),
  });

describe('admission webhooks', () => {
  it('whose patch leaves nothing that is an object have failed', async () => {
    await register('Mutating');
    answer = patched({ op: 'remove', path: '/metadata' });
    const { code, body } = await createPod();
    expect(code).toBe(500);
    expect(body.message).toContain('hook.example.com');
  });

  it('are asked about new Pods and may change them', async () => {
    await register('Mutating');
    answer = patched({ op: 'add', path: '/metadata/annotations', value: { injected: 'yes' } });
    expect(await createPod()).toMatchObject({
      code: 201,
      body: { metadata: { annotations: { injected: 'yes' } } },
    });
    expect(reviews[0]).toMatchObject({
      operation: 'CREATE',
      resource: { resource: 'pods' },
      object: { spec: { restartPolicy: 'Always' } },
    });
  });

  it('may refuse, with their own words', async () => {
    await register('Validating');
    answer = ({ uid }) => ({ uid, allowed: false, status: { message: 'not here', code: 403 } });
    expect(await createPod()).toMatchObject({
      code: 403,
      body: { message: 'admission webhook "hook.example.com" denied the request: not here' },
    });
  });

  it('are not asked about what their selectors leave out', async () => {
    await register('Validating', { objectSelector: { matchLabels: { checked: 'yes' } } });
    answer = ({ uid }) => ({ uid, allowed: false });
    expect((await createPod()).code).toBe(201);
  });

  it('behind Services of the sandbox are not asked, which an event on their configuration says', async () => {
    const service = { namespace: 'default', name: 'reviewer', path: '/review' };
    await register('Validating', { clientConfig: { service } });
    const refused = await createPod();
    expect([refused.code, refused.body.message]).toEqual([500, expect.stringContaining('no endpoints')]);
    const spec = { selector: { app: 'reviewer' }, ports: [{ port: 443 }] };
    await api.post('/api/v1/namespaces/default/services', { metadata: { name: 'reviewer' }, spec });
    expect((await createPod()).code).toBe(201);
    expect(await eventsAbout('hook')).toEqual([
      'Warning NotReviewed webhook "hook.example.com" is not asked: its Service leads to Pods of the sandbox, stand-ins that review nothing',
    ]);
  });

  it('do not review webhook configurations: one that fails can be taken away', async () => {
    const rules = [{ operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*'] }];
    await register('Validating', { rules, clientConfig: { url: 'http://127.0.0.1:1/' } });
    const again = { metadata: { name: 'another' }, webhooks: [] };
    expect((await api.post(`${registrations}/validatingwebhookconfigurations`, again)).code).toBe(201);
  });

  it('have ten seconds and refuse when they fail, unless their configuration says otherwise', async () => {
    await register('Mutating');
    const { body } = await api.get<{ webhooks: JsonObject[] }>(
      `${registrations}/mutatingwebhookconfigurations/hook`,
    );
    expect(body.webhooks[0]).toMatchObject({ failurePolicy: 'Fail', timeoutSeconds: 10 });
    const webhooks = [{ ...body.webhooks[0], timeoutSeconds: 31 }];
    const slow = await api.post(`${registrations}/mutatingwebhookconfigurations`, {
      metadata: { name: 'slow' },
      webhooks,
    });
    expect(slow.code).toBe(422);
  });

  it.each([
    ['Fail', 500],
    ['Ignore', 201],
  ])('that do not answer in time decide by their failure policy %s', async (failurePolicy, code) => {
    await register('Mutating', { failurePolicy, timeoutSeconds: 1 });
    webhook.removeAllListeners('request');
    expect((await createPod()).code).toBe(code);
    expect(await eventsAbout('hook')).toHaveLength(code === 201 ? 1 : 0);
  });
});
