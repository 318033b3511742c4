import type { PodReadiness } from '@ringfence/contracts';
import { eventually } from '@ringfence/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { apiClient } from './api-client.js';
import type { ApiClient } from './api-client.js';
import { ReadinessWriter } from './readiness-writer.js';
import { StockApi } from './testing/stock-api.js';

let api: StockApi;
let client: ApiClient;
let writer: ReadinessWriter;
const written: string[] = [];
const givenUp: string[] = [];
const patches = (name: string): number =>
  api.requests.filter((request) => request.startsWith('PATCH') && request.includes(`/${name}/`)).length;
const ready = (name: string, message = 'in the kernel'): PodReadiness => ({
  ...{ podUid: name, namespace: 'default', name, ready: true, reason: 'PolicyReady', message },
  gates: ['ringfence.io/policy-ready'],
});

beforeEach(async () => {
  api = await StockApi.start();
  client = apiClient({ server: api.url, tls: { rejectUnauthorized: true }, token: () => undefined });
  writer = new ReadinessWriter({
    ...{ client, atOnce: 8, firstPauseMs: 1, longestPauseMs: 4, onTrouble: () => undefined },
    onWritten: ({ name }) => written.push(name),
    onGivenUp: ({ name }) => givenUp.push(name),
  });
});
afterEach(async () => {
  await writer.close();
  await client.close();
  await api.close();
  written.length = 0;
  givenUp.length = 0;
});

describe('conditions that the server refuses', () => {
  it('keep nobody else from being written, and are given up after some tries until something newer is said', async () => {
    api.fault = ({ path }) => (path.includes('refused') ? { status: 500 } : undefined);
    for (let n = 0; n < 20; n += 1) writer.put(ready(`refused-${n}`), { unlessWritten: false });
    writer.put(ready('taken'), { unlessWritten: false });
    await eventually(() => written.includes('taken'));
    await eventually(() => givenUp.length === 20);
    expect(patches('refused-7')).toBe(12);
    api.fault = () => undefined;
    writer.put(ready('refused-7', 'newer'), { unlessWritten: false });
    await eventually(() => written.includes('refused-7'));
  });

  it('of a server that is too busy or away are written in the end', async () => {
    let busy = 20;
    api.fault = ({ method }) => (method === 'PATCH' && (busy -= 1) > 0 ? { status: 429 } : undefined);
    writer.put(ready('patient'), { unlessWritten: false });
    await eventually(() => written.includes('patient'));
    expect([patches('patient'), givenUp]).toEqual([20, []]);
  });
});
