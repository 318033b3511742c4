import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { Server, ServerResponse } from 'node:http';
// eslint-disable-next-line @nx/enforce-module-boundaries -- a real API server to speak with, in specs only
import { startApiServer, type ApiServer } from '@ringfence/sandbox';
import { eventually, freePort } from '@ringfence/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { apiClient } from './api-client.js';
import type { ApiClient } from './api-client.js';
import { fromKubeconfig } from './cluster-access.js';
import type { ListWatch } from './list-watch.js';
import { patchPodConditions } from './pod-condition.js';
import { followKind } from './testing/followed-kind.js';
import type { FollowedKind } from './testing/followed-kind.js';

function follow(client: ApiClient, path: string): FollowedKind {
  const followed = followKind(client, path);
  watches.push(followed.watch);
  return followed;
}
const watches: ListWatch[] = [];
afterEach(async () => {
  await Promise.all(watches.splice(0).map((watch) => watch.close()));
});

describe('list and watch of an API server', () => {
  let server: ApiServer;
  let client: ApiClient;
  const path = '/api/v1/configmaps';
  const send = async (method: string, name: string, body?: unknown): Promise<void> => {
    const { request, Agent } = await import('undici');
    const dispatcher = new Agent({ connect: { ca: server.ca } });
    const url = `${server.url}/api/v1/namespaces/default/configmaps${method === 'POST' ? '' : `/${name}`}`;
    const headers = { authorization: `Bearer ${server.token}`, 'content-type': 'application/json' };
    const answer = await request(url, {
      method: method as 'POST',
      headers,
      dispatcher,
      body: body === undefined ? null : JSON.stringify(body),
    });
    expect(answer.statusCode).toBeLessThan(300);
    await answer.body.dump();
    await dispatcher.close();
  };
  const create = (name: string) =>
    send('POST', name, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } });

  beforeAll(async () => {
    server = await startApiServer({ bookmarkIntervalMs: 100 });
    client = apiClient(fromKubeconfig(server.kubeconfig, 'sandbox'));
  });
  afterAll(async () => {
    await client.close();
    await server.close();
  });

  it('goes on from the last version when a watch is broken off in the middle', async () => {
    const { names, log } = follow(client, path);
    await eventually(() => log.lists === 1);
    await new Promise((resolve) => setTimeout(resolve, 200));
    server.faults.breakOffWatches();
    await create('after-break');
    await eventually(() => names().includes('after-break'));
    expect(log.lists).toBe(1);
  });

  it('lists again when the server has forgotten the version, and tells what vanished meanwhile', async () => {
    await create('vanishing');
    const { names, log } = follow(client, path);
    await eventually(() => names().includes('vanishing'));
    await new Promise((resolve) => setTimeout(resolve, 100));
    await send('DELETE', 'vanishing');
    server.faults.expireHistory();
    server.faults.breakOffWatches();
    await eventually(() => log.gone.includes('vanishing'));
    await create('after-expiry');
    await eventually(() => names().includes('after-expiry'));
  });

  it('writes a condition into the status of the very Pod, and refuses another of its name', async () => {
    const pods = '/api/v1/namespaces/default/pods';
    const { request, Agent } = await import('undici');
    const dispatcher = new Agent({ connect: { ca: server.ca } });
    const headers = { authorization: `Bearer ${server.token}`, 'content-type': 'application/json' };
    const body = JSON.stringify({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'gated' },
      spec: { containers: [{ name: 'c', image: 'i' }] },
    });
    const made = (await (
      await request(`${server.url}${pods}`, { method: 'POST', headers, body, dispatcher })
    ).body.json()) as { metadata: { uid: string } };
    await dispatcher.close();
    const condition = {
      type: 'ringfence.io/policy-ready',
      status: true,
      reason: 'PolicyReady',
      message: 'in the kernel',
    };
    const pod = {
      namespace: 'default',
      name: 'gated',
      uid: made.metadata.uid,
      conditions: [condition],
      at: new Date('2026-01-01T00:00:00Z'),
    };
    await patchPodConditions(client, pod);
    const read = await client.get<{ status: { conditions: { type: string; status: string }[] } }>(
      `${pods}/gated`,
    );
    expect(read.status.conditions).toContainEqual(
      expect.objectContaining({ type: condition.type, status: 'True', reason: 'PolicyReady' }),
    );
    await expect(patchPodConditions(client, { ...pod, uid: 'another' })).rejects.toMatchObject({
      status: 409,
    });
    await expect(patchPodConditions(client, { ...pod, name: 'none' })).rejects.toMatchObject({ status: 404 });
  });
});

describe('list and watch of a server that misbehaves', () => {
  let server: Server;
  let port: number;
  let client: ApiClient;
  let onWatch: (response: ServerResponse, version: string) => void;
  let items: string[] = ['a'];
  let newest = '10';
  let path = '';
  const nextPath = (): string => (path = `/things/${randomUUID()}`);
  const line = (type: string, name: string, version: string): string =>
    `${JSON.stringify({ type, object: { metadata: { uid: name, name, resourceVersion: version } } })}\n`;

  beforeAll(async () => {
    port = await freePort();
    server = createServer((request, response) => {
      const url = new URL(request.url ?? '', 'http://x');
      // Of the test before, whose watch was on its way when it was closed.
      if (url.pathname !== path) return quiet(response);
      if (url.searchParams.has('watch'))
        return onWatch(response, url.searchParams.get('resourceVersion') ?? '');
      const body = {
        metadata: { resourceVersion: newest },
        items: items.map((name) => ({ metadata: { uid: name, name, resourceVersion: '1' } })),
      };
      response.end(JSON.stringify(body));
    }).listen(port, '127.0.0.1');
    client = apiClient({
      server: `http://127.0.0.1:${port}`,
      tls: { rejectUnauthorized: true },
      token: () => undefined,
    });
  });
  afterAll(async () => {
    await client.close();
    server.closeAllConnections();
    server.close();
  });

  const quiet = (response: ServerResponse): void => void response.write('\n');
  const once = (first: (response: ServerResponse) => void) => {
    let isFirst = true;
    return (response: ServerResponse): void => {
      if (!isFirst) return quiet(response);
      isFirst = false;
      first(response);
    };
  };

  it('lists again after a line that is not JSON', async () => {
    items = ['a', 'b'];
    onWatch = once((response) => {
      items = ['a'];
      response.write(`${line('ADDED', 'c', '11')}{"type":"ADDED","obj\n`);
    });
    const { names, log } = follow(client, nextPath());
    await eventually(() => log.lists === 2);
    expect(names()).toEqual(['a']);
    expect(log.gone.sort()).toEqual(['b', 'c']);
  });

  it('lists again when the watch itself is refused with 410', async () => {
    items = ['a'];
    onWatch = once(
      (response) =>
        void response.writeHead(410).end(JSON.stringify({ reason: 'Expired', message: 'too old' })),
    );
    const { log } = follow(client, nextPath());
    await eventually(() => log.lists === 2);
  });

  it('lists again when an ERROR event says 410 inside of a good answer', async () => {
    onWatch = once(
      (response) =>
        void response.end(
          `${JSON.stringify({ type: 'ERROR', object: { code: 410, message: 'too old' } })}\n`,
        ),
    );
    const { log } = follow(client, nextPath());
    await eventually(() => log.lists === 2);
  });

  it('goes on from the bookmark when the transfer is cut off', async () => {
    const versions: string[] = [];
    onWatch = (response, version) => {
      versions.push(version);
      if (versions.length > 1) return quiet(response);
      response.write(line('BOOKMARK', '', '55'));
      newest = '55';
      setTimeout(() => response.destroy(), 20);
    };
    const { log } = follow(client, nextPath());
    await eventually(() => versions.length === 2);
    expect(versions).toEqual(['10', '55']);
    expect(log.lists).toBe(1);
    newest = '10';
  });

  it('lists again when a watch tells what is older than where it began', async () => {
    for (const type of ['BOOKMARK', 'MODIFIED']) {
      items = ['a', 'b'];
      onWatch = once((response) => {
        items = ['a'];
        response.write(line(type, 'a', '7'));
      });
      const { names, log } = follow(client, nextPath());
      await eventually(() => log.lists === 2);
      expect(names()).toEqual(['a']);
      expect(log).toMatchObject({ wentBack: 1, gone: ['b'] });
    }
  });

  it('backs off while the server refuses, and says why', async () => {
    let refusals = 0;
    onWatch = (response) => {
      refusals += 1;
      response.writeHead(403).end(JSON.stringify({ reason: 'Forbidden', message: 'cannot watch things' }));
    };
    const { watch } = follow(client, nextPath());
    await eventually(() => watch.problem() !== null && watch.isListed());
    expect(watch.problem()).toContain('cannot watch things');
    const before = refusals;
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(refusals - before).toBeLessThan(4);
  });
});
