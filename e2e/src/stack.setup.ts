/**
 * One local stack for all scenarios, started before and ended after them; also the way to kill and start single
 * processes from a scenario. `RINGFENCE_E2E_DATA` keeps its logs somewhere to look at.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { freePort, parseOptions, podsReady, Progress, Stack } from '@ringfence/up';
import { startOtlpReceiver } from './otlp-receiver.js';
import type { OtlpReceiver } from './otlp-receiver.js';

export interface StackAccess {
  readonly url: string;
  readonly key: string;
  readonly secret: string;
  readonly clusterId: string;
  readonly kubeconfig: string;
  readonly dataDirectory: string;
  readonly hostAddress: string;
  /** Below it are the network namespaces of the sandbox's Pods. */
  readonly netnsRoot: string;
  /** `POST <control>/<process>/<kill|start|stop>`; `GET <control>/` lists what runs. */
  readonly control: string;
  /** `GET <traces>?trace=<id>`: spans that the stack exported. */
  readonly traces: string;
}

declare module 'vitest' {
  interface ProvidedContext {
    readonly stack: StackAccess;
  }
}

let stack: Stack;
let control: Server;
let receiver: OtlpReceiver;
let dataDirectory: string;

export async function setup(project: TestProject): Promise<void> {
  dataDirectory = process.env['RINGFENCE_E2E_DATA'] ?? mkdtempSync(join(tmpdir(), 'ringfence-e2e-'));
  // Scenarios poll: the limit of a person's key is not theirs.
  process.env['RINGFENCE_RATE_LIMIT'] ??= '100000';
  const port = await freePort();
  const options = parseOptions(['--data', dataDirectory, '--port', String(port)], process.cwd());
  if (options === 'help') throw new Error('unreachable');
  stack = new Stack(options, new Progress((text) => process.stdout.write(text)), () => undefined);
  receiver = await startOtlpReceiver();
  try {
    const running = await startExporting(`http://127.0.0.1:${receiver.port}`);
    control = await controlServer(stack);
    const { port: controlPort } = control.address() as AddressInfo;
    project.provide('stack', {
      url: running.access.url,
      key: running.access.key,
      secret: running.access.secret,
      clusterId: running.clusterId,
      kubeconfig: running.sandbox.kubeconfig,
      hostAddress: running.sandbox.hostAddress,
      netnsRoot: `/run/rf-sandbox-${running.sandbox.instance}`,
      dataDirectory,
      control: `http://127.0.0.1:${controlPort}`,
      traces: `http://127.0.0.1:${receiver.port}/spans`,
    });
  } catch (error) {
    await stack.stop();
    await receiver.close();
    throw error;
  }
}

/** The endpoint is this stack's alone: what a scenario starts by itself exports nothing. */
async function startExporting(endpoint: string): ReturnType<Stack['start']> {
  process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] = endpoint;
  try {
    const running = await stack.start();
    await podsReady(running);
    return running;
  } finally {
    delete process.env['OTEL_EXPORTER_OTLP_ENDPOINT'];
  }
}

export async function teardown(): Promise<void> {
  control?.close();
  await stack?.stop();
  await receiver?.close();
  if (!process.env['RINGFENCE_E2E_DATA']) rmSync(dataDirectory, { recursive: true, force: true });
}

function controlServer(of: Stack): Promise<Server> {
  const server = createServer((request, response) => {
    answer(of, request, response).catch((error: unknown) => response.writeHead(500).end(String(error)));
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

async function answer(of: Stack, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const [, name = '', action = ''] = (request.url ?? '').split('/');
  if (name === '') {
    const running = of.processes.list().map((process) => ({
      name: process.spec.name,
      running: process.isRunning,
      readyUrl: process.spec.readyUrl,
      env: process.spec.env,
    }));
    response.end(JSON.stringify(running));
    return;
  }
  const process = of.processes.get(name);
  if (action === 'kill') process.kill('SIGKILL');
  if (action === 'stop') await process.stop();
  if (action === 'start') await startAgain(process);
  response.end('{}');
}

async function startAgain(process: ReturnType<Stack['processes']['get']>): Promise<void> {
  process.start();
  await process.ready();
}
