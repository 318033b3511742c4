import { connectBus } from '@ringfence/bus';
import type { Bus } from '@ringfence/bus';
import { CALLS, subjects } from '@ringfence/contracts';
import type { DecoratedFlowBatch, Flow, FlowQueryObject } from '@ringfence/contracts';
import { startHosted } from '@ringfence/service-host';
import type { HostedProcess } from '@ringfence/service-host';
import { startNats, startPostgres } from '@ringfence/testing';
import type { NatsServer, PostgresServer } from '@ringfence/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Config } from './config.js';
import {
  aBatch,
  aFlow,
  API,
  CLUSTER,
  consumerReport,
  outsider,
  providerReport,
  WEB,
  webEnd,
} from './testing/flow-batch.builder.js';
import { sayCluster } from './testing/known-cluster.js';
import { startFlowIngest } from './flow-ingest.module.js';
import { manifest } from './manifest.js';

let nats: NatsServer;
let postgres: PostgresServer;
let edge: Bus;
let service: HostedProcess | undefined;

const start = async (): Promise<HostedProcess> => {
  const hosted = await startHosted(
    { manifest, config: Config, start: startFlowIngest },
    { NATS_URL: nats.url, DATABASE_URL: postgres.url, RINGFENCE_MANAGEMENT_PORT: '0', LOG_LEVEL: 'fatal' },
  );
  await hosted.started;
  return hosted;
};
/** As of today, because older days may be beyond the retention. */
const now = { from: new Date(Date.now() - 5_000).toISOString(), to: new Date().toISOString() };
const publish = (batch: DecoratedFlowBatch, cluster = CLUSTER): Promise<void> =>
  edge.publish(subjects.decorated(cluster, batch.node), batch);

async function ask<T>(
  collection: string,
  op: string,
  rest: { ids?: string[]; query?: Record<string, string>; body?: unknown; ifMatch?: string } = {},
): Promise<T> {
  const actor = { kind: 'user', id: '1' } as const;
  const asked = { org: 1, actor, collection, op, ids: [], query: {}, body: null, ...rest };
  return (await edge.call(CALLS.flowResource, asked)).body as T;
}
const QUERIES = 'traffic_flows/async_queries';
const ANYONE = { include: [[]], exclude: [] };
const idOf = (query: FlowQueryObject): string => query.href.slice(query.href.lastIndexOf('/') + 1);

async function ended(body: object): Promise<FlowQueryObject> {
  const query = await ask<FlowQueryObject>(QUERIES, 'create', {
    body: {
      sources: ANYONE,
      destinations: ANYONE,
      services: { include: [], exclude: [] },
      max_results: 1_000,
      ...body,
    },
  });
  expect(query.status).toMatch(/queued|working/);
  await expect
    .poll(async () => (await ask<FlowQueryObject>(QUERIES, 'get', { ids: [idOf(query)] })).status)
    .toBe('completed');
  return ask(QUERIES, 'get', { ids: [idOf(query)] });
}
async function flowsOf(query: FlowQueryObject): Promise<Flow[]> {
  const { text } = await ask<{ text: string }>(QUERIES, 'download', {
    ids: [idOf(query)],
    query: { format: 'json', chunk: '0' },
  });
  return JSON.parse(`[${text}]`) as Flow[];
}
const stored = async (): Promise<Flow[]> => flowsOf(await ended({}));

beforeAll(async () => {
  [nats, postgres] = await Promise.all([startNats(), startPostgres()]);
  service = await start();
  edge = await connectBus({ servers: nats.url, name: 'edge', server: 'control' });
  await sayCluster(edge);
});
afterAll(async () => {
  await edge?.close();
  await service?.stop();
  await Promise.all([nats.close(), postgres.close()]);
});

describe('flow-ingest', () => {
  it('joins the reports of two nodes that come over NATS, once, however often they come', async () => {
    await publish(consumerReport({ ...now }, { connections: 3 }));
    await publish(providerReport({ ...now }, { connections: 2 }));
    await publish(consumerReport({ ...now }, { connections: 3 }));
    const last = aBatch({
      ...now,
      id: 'last',
      node: 'node-9',
      flows: [aFlow({ targetPort: 9999, port: 9999 })],
    });
    await publish(last);
    await expect.poll(async () => (await stored()).length).toBe(2);
    expect((await stored()).find((flow) => flow.service.port === 8080)).toMatchObject({
      num_connections: 3,
      reports: { outbound: { connections: 3 }, inbound: { connections: 2 } },
    });
  });

  it('takes a batch again after a restart without counting it twice', async () => {
    await service?.stop();
    service = await start();
    await publish(consumerReport({ ...now }, { connections: 3 }));
    await publish(
      aBatch({ ...now, id: 'after', node: 'node-9', flows: [aFlow({ targetPort: 9998, port: 9998 })] }),
    );
    await expect.poll(async () => (await stored()).length).toBe(3);
    expect((await stored()).find((flow) => flow.service.port === 8080)).toMatchObject({ num_connections: 3 });
  });

  it('goes on after a message that is no batch, and after one of another cluster', async () => {
    await edge.publish(subjects.decorated(CLUSTER, 'node-1'), { nonsense: true });
    await publish(aBatch({ ...now, id: 'foreign' }), '00000000-0000-4000-8000-000000000000');
    await publish(aBatch({ ...now, id: 'good', flows: [aFlow({ targetPort: 9997, port: 9997 })] }));
    await expect.poll(async () => (await stored()).length).toBe(4);
  });

  it('tells followers what is new, once', async () => {
    const { cursor } = await ask<{ cursor: string }>('traffic_flows/recent', 'list', {
      query: { after: '' },
    });
    await publish(
      aBatch({
        ...now,
        id: 'recent',
        ends: [outsider('8.8.8.8'), webEnd],
        flows: [aFlow({ targetPort: 9996, port: 9996 })],
      }),
    );
    const page = async (after: string): Promise<{ cursor: string; flows: Flow[] }> =>
      ask('traffic_flows/recent', 'list', { query: { after } });
    await expect
      .poll(async () => (await page(cursor)).flows.map((flow) => flow.service.port))
      .toEqual([9996]);
    const { cursor: next } = await page(cursor);
    expect((await page(next)).flows).toEqual([]);
  });

  it('keeps nothing of what a setting of the traffic collector drops', async () => {
    const before = (await stored()).length;
    const setting = await ask<{ href: string }>('settings/traffic_collector', 'create', {
      body: { transmission: 'multicast', action: 'drop', target: { proto: 17, dst_port: 5353 } },
    });
    const sent = [1, 2].map((dst) => aFlow({ dst, target: dst, proto: 17, port: 5353, targetPort: 5353 }));
    const ends = [webEnd, outsider('224.0.0.251'), outsider('192.0.2.9')];
    await publish(aBatch({ ...now, id: 'collected', ends, flows: sent }));
    await expect.poll(async () => (await stored()).length).toBe(before + 1);
    expect((await stored()).map((flow) => flow.dst.ip)).not.toContain('224.0.0.251');
    const href = { ids: [setting.href.split('/').at(-1)!] };
    const stale = ask('settings/traffic_collector', 'update', {
      ...href,
      ifMatch: 'W/"read before"',
      body: {},
    });
    await expect(stale).rejects.toThrow('If-Match');
    await ask('settings/traffic_collector', 'delete', { ids: [setting.href.split('/').at(-1)!] });
  });

  it('adds flows up to edges: who calls whom on which port', async () => {
    const query = {
      sources: ANYONE,
      destinations: ANYONE,
      services: { include: [{ port: 8080, proto: 6 }], exclude: [] },
    };
    expect(await ask('traffic_flows/edges', 'find', { body: { ...query, max_results: 10 } })).toMatchObject([
      {
        src: { workload: { href: `/orgs/1/kubernetes_workloads/${WEB}` }, name: 'shop/web' },
        dst: { workload: { href: `/orgs/1/kubernetes_workloads/${API}` } },
        service: { port: 8080, proto: 6 },
        num_connections: 3,
        essential: false,
      },
    ]);
  });

  it('adds stored flows up by which ends whoever judges them says are alike, and refuses a choice that is none', async () => {
    const { ends } = await edge.call(CALLS.endsSeen, { since: now.from });
    const numbers = (name: string): number[] =>
      ends.flatMap((end) => (end.name === name ? [end.number] : []));
    const kinds = ends.map(({ number }) => ({ number, kind: number }));
    const choice = { start_date: now.from, services: { include: [{ port: 8080 }], exclude: [] } };
    const asked = { choice, kinds, concerned: numbers(API) };
    expect(await edge.call(CALLS.flowKinds, asked)).toMatchObject({
      kinds: [{ ends: { src: numbers(WEB)[0], dst: numbers(API)[0] }, port: 8080, flows: 1, connections: 3 }],
      ...{ stored: 1, beyond: 0 },
    });
    const wrong = { ...choice, sources: { include: [[{ ip_address: 'nowhere' }]] } };
    for (const refused of [{}, wrong])
      await expect(edge.call(CALLS.flowKinds, { ...asked, choice: refused })).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
      });
  });

  it('keeps queries as jobs: listed, downloaded as CSV, cancelled, deleted', async () => {
    const query = await ended({ query_name: 'mine', policy_decisions: ['allowed'] });
    expect(query).toMatchObject({
      query_parameters: { query_name: 'mine' },
      result: `${query.href}/download`,
      created_by: { href: '/users/1' },
    });
    expect(query.flows_count).toBeGreaterThan(0);
    const csv = await ask<{ text: string; next: number }>(QUERIES, 'download', {
      ids: [idOf(query)],
      query: { format: 'csv', chunk: '0' },
    });
    expect(csv.text.split('\r\n')[0]).toMatch(/^Source IP,Source Name/);
    expect(
      await ask(QUERIES, 'download', {
        ids: [idOf(query)],
        query: { format: 'csv', chunk: String(csv.next) },
      }),
    ).toEqual({ text: '', next: null });
    await ask(QUERIES, 'update', { ids: [idOf(query)], body: { status: 'cancel_requested' } });
    expect(await ask<FlowQueryObject>(QUERIES, 'get', { ids: [idOf(query)] })).toMatchObject({
      status: 'completed',
    });
    await ask(QUERIES, 'delete', { ids: [idOf(query)] });
    await expect(ask(QUERIES, 'get', { ids: [idOf(query)] })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('refuses what it cannot ask the database', async () => {
    const sides = {
      sources: { include: [[{ ip_address: '10.0.0.999' }]], exclude: [] },
      destinations: ANYONE,
      services: { include: [], exclude: [] },
    };
    await expect(ask(QUERIES, 'create', { body: { ...sides, max_results: 1 } })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
    await expect(ask(QUERIES, 'get', { ids: ["'; drop table flows; --"] })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  });

  it('says how much it keeps', async () => {
    expect(await ask('traffic_flows/database_metrics', 'get')).toMatchObject({
      flows_days: 1,
      flows_days_limit: 97,
    });
  });

  it('goes on by itself when Postgres was away', async () => {
    await postgres.stop();
    await publish(aBatch({ ...now, id: 'while-away', flows: [aFlow({ targetPort: 9995, port: 9995 })] }));
    await postgres.start();
    await expect
      .poll(async () => (await stored().catch(() => [])).some((flow) => flow.service.port === 9995), {
        timeout: 60_000,
        interval: 500,
      })
      .toBe(true);
  });

  it('shows what somebody uploaded beside it, with who that was, and makes nothing else of it', async () => {
    const report = await ask('agents/bulk_traffic_flows', 'upload', {
      body: '198.51.100.7,10.244.1.5,8080,6\nweb,10.244.1.5,8080,6\n',
    });
    expect(report).toEqual({
      num_flows_received: 2,
      num_flows_failed: 1,
      failed_flows: ['web,10.244.1.5,8080,6: src is no IP address'],
    });
    const sources = { include: [[{ ip_address: '198.51.100.7' }]], exclude: [] };
    expect(await flowsOf(await ended({ sources }))).toMatchObject([
      {
        ...{ src: { ip: '198.51.100.7' }, dst: { ip: '10.244.1.5' }, service: { port: 8080, proto: 6 } },
        ...{ policy_decision: 'unknown', client_type: 'flowlink', reports: {}, rules: [] },
        ringfence_uploaded_by: { href: '/users/1' },
      },
    ]);
    const query = { sources, destinations: ANYONE, services: { include: [], exclude: [] }, max_results: 10 };
    expect(await ask('traffic_flows/edges', 'find', { body: query })).toEqual([]);
    await expect(
      ask('agents/bulk_traffic_flows', 'upload', { body: '\n'.repeat(10) }),
    ).resolves.toMatchObject({
      num_flows_received: 0,
    });
    const tooMany = '10.0.0.1,10.0.0.2,443,6\n'.repeat(1_001);
    await expect(ask('agents/bulk_traffic_flows', 'upload', { body: tooMany })).rejects.toThrow('1000 lines');
  });
});
