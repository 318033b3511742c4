/** Every process says whether it lives, whether it is in sync, what is missing in words, and what it measures. */
import { readFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { access, api, eventually, stackProcess, stackProcesses } from '../world.js';

interface Listener {
  readonly name: string;
  readonly base: string;
}
interface Readiness {
  readonly ready: boolean;
  readonly missing: readonly string[];
}

async function listeners(): Promise<Listener[]> {
  const all = await stackProcesses();
  return all.flatMap(({ name, readyUrl }) =>
    readyUrl === undefined ? [] : [{ name, base: readyUrl.replace(/\/readyz$/, '') }],
  );
}

async function get(url: string): Promise<{ status: number; text: string }> {
  const response = await fetch(url, { signal: AbortSignal.timeout(5_000) });
  return { status: response.status, text: await response.text() };
}

async function metricsOf(process: string): Promise<string> {
  const found = (await listeners()).find(({ name }) => name === process);
  return (await get(`${found!.base}/metrics`)).text;
}

describe('every process', () => {
  it('answers that it lives, that it is ready with nothing missing, and what it measures', async () => {
    const all = await listeners();
    expect(all.map(({ name }) => name).sort()).toEqual(
      expect.arrayContaining([
        ...[
          'clas-cache',
          'flow-ingest',
          'gateway',
          'inventory',
          'kubelink',
          'label-resolver',
          'policy-compute',
        ],
        expect.stringMatching(/^cven-/),
      ]),
    );
    for (const { name, base } of all) {
      expect(await get(`${base}/livez`), name).toMatchObject({ status: 200 });
      const ready = await get(`${base}/readyz`);
      expect(ready.status, `${name}: ${ready.text}`).toBe(200);
      expect(JSON.parse(ready.text), name).toMatchObject({ ready: true, missing: [] });
      const metrics = await get(`${base}/metrics`);
      expect(metrics.text, name).toMatch(/^# TYPE process_resident_memory_bytes gauge$/m);
      expect(metrics.text, name).toMatch(/^process_resident_memory_bytes [\d.e+]+/m);
    }
  });

  it('measures what an operator must see', async () => {
    const [gateway, clas, flows] = await Promise.all(['gateway', 'clas-cache', 'flow-ingest'].map(metricsOf));
    for (const phase of ['address', 'own', 'peers', 'total'])
      expect(clas).toMatch(
        new RegExp(`^clas_cache_convergence_seconds_bucket\\{phase="${phase}",le="0.1"\\}`, 'm'),
      );
    expect(clas).toMatch(/^clas_cache_node_revision_lag\{node="[^"]+"\} \d+/m);
    expect(flows).toMatch(/^flow_ingest_flows_total \d+/m);
    expect(flows).toMatch(/^flow_ingest_flows_stored_total \d+/m);
    expect(flows).toMatch(/^flow_ingest_flows_dropped_total\{reason="[^"]+"\} \d+/m);
    expect(gateway).toMatch(/^gateway_http_requests_total\{.*status="200"/m);
    const agent = (await listeners()).find(({ name }) => name.startsWith('cven-'))!;
    expect(await metricsOf(agent.name)).toMatch(/^cven_apply_seconds_bucket\{le="[^"]+"\} \d+/m);
  });

  it('counts refusals by their token', async () => {
    expect((await get(`${access.url}/api/v2/orgs/1/labels`)).status).toBe(401);
    expect(await metricsOf('gateway')).toMatch(/^gateway_errors_total\{token="[a-z_]+",status="401"\} \d+/m);
  });

  it('writes lines of JSON, and names the trace where there is one', async () => {
    for (const { name } of await listeners()) {
      const lines = (await readFile(`${access.dataDirectory}/logs/${name}.log`, 'utf8')).trim().split('\n');
      const structured = lines
        .filter((line) => line.startsWith('{'))
        .map((line) => JSON.parse(line) as object);
      expect(structured.length, name).toBeGreaterThan(0);
      expect(structured[0], name).toMatchObject({ level: expect.any(String), service: expect.any(String) });
      for (const line of structured)
        if ('trace_id' in line) expect(line.trace_id, name).toMatch(/^[0-9a-f]{32}$/);
    }
    const gateway = await readFile(`${access.dataDirectory}/logs/gateway.log`, 'utf8');
    expect(gateway).toMatch(/"trace_id":"[0-9a-f]{32}".*"msg":"answered"/);
  });
});

describe('a support report', () => {
  it('tells of an agent what it was told and what it has', async () => {
    const [ven] = await api.get<{ href: string; hostname: string }[]>('/vens');
    const { href } = await api.post<{ href: string }>('/support_report_requests', { ven });
    type Request = { status: string; support_report?: { href: string } };
    const path = (whole: string): string => whole.replace('/orgs/1', '');
    const asked = (): Promise<Request> => api.get<Request>(path(href));
    await eventually('the report is made', async () => (await asked()).status === 'done');
    const download = `${access.url}/api/v2${(await asked()).support_report!.href}/download`;
    const authorization = `Basic ${Buffer.from(`${access.key}:${access.secret}`).toString('base64')}`;
    const response = await fetch(download, { headers: { authorization } });
    const report = JSON.parse(gunzipSync(Buffer.from(await response.arrayBuffer())).toString()) as object;
    expect(report).toMatchObject({
      ven: { hostname: ven!.hostname },
      agent: { version: expect.any(String) as unknown, status: 'active' },
      seenByCluster: { view: { told: expect.any(Number) as unknown }, agent: { isDisconnected: false } },
    });
  });
});

describe('while NATS of the cluster is away', () => {
  afterAll(async () => {
    const all = await stackProcesses();
    if (all.some(({ name, running }) => name === 'nats-cluster' && !running))
      await stackProcess('nats-cluster', 'start');
  });

  it('whoever needs it is alive, not ready, and says in words what is missing; later ready again', async () => {
    const affected = (await listeners()).filter(
      ({ name }) => name === 'clas-cache' || name === 'kubelink' || name.startsWith('cven-'),
    );
    await stackProcess('nats-cluster', 'stop');
    for (const { name, base } of affected) {
      await eventually(`${name} says that NATS is away`, async () => {
        const { status, text } = await get(`${base}/readyz`);
        const { ready, missing } = JSON.parse(text) as Readiness;
        return status === 503 && !ready && missing.some((words) => /NATS/.test(words));
      });
      expect(await get(`${base}/livez`), name).toMatchObject({ status: 200 });
    }
    await stackProcess('nats-cluster', 'start');
    for (const { name, base } of affected)
      await eventually(`${name} is ready again`, async () => (await get(`${base}/readyz`)).status === 200);
  });
});
