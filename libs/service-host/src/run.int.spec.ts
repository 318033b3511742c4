import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { eventually, freePort } from '@ringfence/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { build } from 'vite';

const root = fileURLToPath(new URL('../../..', import.meta.url));
let directory: string;
let program: string;

/** A service of its own process: it is ready once told so by the environment, and finishes its work when it ends. */
const SERVICE = `
import { createRequire } from 'node:module';
import { run, StartRefused, startTrace } from '@ringfence/service-host';
import { z } from 'zod';
const loaded = createRequire(import.meta.url).cache;
run({
  zone: process.env.PROBE_ZONE,
  manifest: { service: 'probe', consumes: [], emits: [], serves: [], calls: [] },
  config: z.object({ PROBE_NUMBER: z.coerce.number(), PROBE_MODE: z.string().default('ready') }),
  start: async ({ config, health, metrics, logger, onShutdown }) => {
    if (config.PROBE_MODE === 'refused') throw new StartRefused('the token is wrong', 3);
    if (config.PROBE_MODE === 'unfit') throw Object.assign(new Error('the database is too old'), { exitCode: 1 });
    if (config.PROBE_MODE === 'reject') setTimeout(() => void Promise.reject(new Error('nobody caught this')), 20);
    if (config.PROBE_MODE === 'flooded') {
      const flood = Array.from({ length: config.PROBE_NUMBER }, (_, n) => ({ n, text: 'x' + n }));
      health.fact('flood', () => String(flood.length));
      setTimeout(() => (flood.length = 0), 1_000);
    }
    if (config.PROBE_MODE === 'traced')
      await startTrace('probe work', () =>
        logger.info({ hasNodeSdk: Object.keys(loaded).some((file) => file.includes('sdk-node')) }, 'worked'));
    health.require('lists', () => config.PROBE_MODE === 'waiting' ? 'Pods not listed yet' : true);
    metrics.counter('probe_things_total', 'Things').add(config.PROBE_NUMBER);
    metrics.histogram('probe_seconds', 'Time').record(0.2);
    onShutdown(() => logger.info('released'));
    return { drain: async () => logger.info({ token: 'hidden' }, 'drained') };
  },
});
`;

beforeAll(async () => {
  directory = await mkdtemp(join(root, 'libs/service-host/dist/run-spec-'));
  await writeFile(join(directory, 'probe.ts'), SERVICE);
  await build({
    root,
    logLevel: 'silent',
    configFile: false,
    resolve: { conditions: ['@ringfence/source', 'node'] },
    ssr: { noExternal: [/@ringfence/], resolve: { conditions: ['@ringfence/source', 'node'] } },
    build: {
      ssr: join(directory, 'probe.ts'),
      outDir: directory,
      rollupOptions: { output: { entryFileNames: 'probe.mjs' } },
    },
  });
  program = join(directory, 'probe.mjs');
});
afterAll(() => rm(directory, { recursive: true, force: true }));

async function launch(env: Record<string, string>) {
  const port = await freePort();
  const child = spawn(process.execPath, [program], {
    env: { PATH: process.env['PATH'] ?? '', RINGFENCE_MANAGEMENT_PORT: `${port}`, ...env },
  });
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => (output.stdout += String(chunk)));
  child.stderr.on('data', (chunk) => (output.stderr += String(chunk)));
  const ended = once(child, 'exit').then(([code]) => code as number);
  const get = (path: string) => fetch(`http://127.0.0.1:${port}${path}`).catch(() => undefined);
  return { child, output, ended, get, port };
}

/** Ready, so it has traced; `end` waits until it has sent what is left. */
async function launchTraced(env: Record<string, string>) {
  const { child, output, ended, get } = await launch({ PROBE_NUMBER: '1', PROBE_MODE: 'traced', ...env });
  await eventually(async () => (await get('/readyz'))?.status === 200);
  const end = async (): Promise<void> => {
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
  };
  return { output, end };
}

describe('a hosted process', () => {
  it('serves health and metrics, and drains before it ends', async () => {
    const { child, output, ended, get } = await launch({ PROBE_NUMBER: '5' });
    await eventually(async () => (await get('/readyz'))?.status === 200);
    expect(await (await get('/livez'))?.text()).toBe('ok\n');
    const metrics = (await (await get('/metrics'))?.text()) ?? '';
    expect(metrics).toMatch(/^probe_things_total 5$/m);
    expect(metrics).toMatch(/^probe_seconds_bucket\{le="0.25"\} 1$/m);
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
    expect(output.stdout).toMatch(/drained[^]*released/);
    expect(output.stdout).not.toContain('hidden');
  });

  it('leaves the connection open of who asks every few seconds', async () => {
    const { child, ended, get, port } = await launch({ PROBE_NUMBER: '1' });
    await eventually(async () => (await get('/readyz'))?.status === 200);
    const socket = connect(port, '127.0.0.1').setEncoding('utf8');
    const asked = async (): Promise<unknown> => {
      socket.write('GET /livez HTTP/1.1\r\nHost: here\r\n\r\n');
      return (await once(socket, 'data'))[0];
    };
    expect(await asked()).toContain('200 OK');
    await sleep(6_500);
    expect(await asked()).toContain('200 OK');
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
  });

  it('says in words what is missing while it is not ready', async () => {
    const { child, ended, get } = await launch({ PROBE_NUMBER: '1', PROBE_MODE: 'waiting' });
    const report = await eventually(
      async () => (await get('/readyz'))?.text(),
      (body) => body?.includes('Pods') === true,
    );
    expect(JSON.parse(report ?? '')).toMatchObject({ ready: false, missing: ['lists: Pods not listed yet'] });
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
  });

  it('names every wrong variable in a line and exits 78', async () => {
    const { output, ended } = await launch({ LOG_LEVEL: 'info' });
    expect(await ended).toBe(78);
    expect(output.stderr).toBe('probe: PROBE_NUMBER is not set\n');
  });

  it('tells a person in one line what a person must mend', async () => {
    const { output, ended } = await launch({ PROBE_NUMBER: '1', PROBE_MODE: 'refused' });
    expect(await ended).toBe(3);
    expect(output.stderr).toBe('probe: the token is wrong\n');
  });

  it('tells in one line, too, what a lib refused that knows of no host', async () => {
    const { output, ended } = await launch({ PROBE_NUMBER: '1', PROBE_MODE: 'unfit' });
    expect(await ended).toBe(1);
    expect(output.stderr).toBe('probe: the database is too old\n');
  });

  it('ends with an error when nobody caught one', async () => {
    const { output, ended } = await launch({ PROBE_NUMBER: '1', PROBE_MODE: 'reject' });
    expect(await ended).toBe(1);
    expect(output.stdout).toContain('nobody caught this');
  });

  it.each([
    { zone: 'core', hasNodeSdk: true },
    { zone: 'edge', hasNodeSdk: false },
  ])('carries a trace on in zone $zone, with the SDK of that zone', async ({ zone, hasNodeSdk }) => {
    const { output, end } = await launchTraced({ PROBE_ZONE: zone });
    await end();
    const line = output.stdout.split('\n').find((text) => text.includes('worked')) ?? '{}';
    expect(JSON.parse(line)).toMatchObject({ hasNodeSdk, trace_id: expect.stringMatching(/^[0-9a-f]{32}$/) });
  });

  it.each(['core', 'edge'])(
    'sends what it traced to the receiver that it was given, in zone %s',
    async (zone) => {
      const received: { path: string; body: string }[] = [];
      const receiver = createServer((request, response) => {
        let body = '';
        request.on('data', (chunk) => (body += String(chunk)));
        request.on('end', () => {
          received.push({ path: request.url ?? '', body });
          response.setHeader('content-type', 'application/json').end('{}');
        });
      }).listen(0, '127.0.0.1');
      await once(receiver, 'listening');
      const endpoint = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;
      const { end } = await launchTraced({ PROBE_ZONE: zone, OTEL_EXPORTER_OTLP_ENDPOINT: endpoint });
      await end();
      receiver.close();
      // Nothing but spans: neither metrics nor logs.
      expect(received.map(({ path }) => path)).toEqual(['/v1/traces']);
      expect(received[0]?.body).toMatch(/"service.name","value":\{"stringValue":"probe"\}[^]*"probe work"/);
    },
  );

  it('gives back what a flood left in memory, though nobody asks anything of it', async () => {
    const { child, ended, get } = await launch({ PROBE_NUMBER: '2000000', PROBE_MODE: 'flooded' });
    // Seldom: whoever looks makes it collect.
    const heapMb = async (): Promise<number> => {
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      const metrics = (await (await get('/metrics'))?.text()) ?? '';
      return Number(/^process_heap_used_bytes (\S+)$/m.exec(metrics)?.[1]) / 1e6;
    };
    await eventually(heapMb, (heap) => heap > 100);
    await eventually(heapMb, (heap) => heap < 60);
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
  });
});
