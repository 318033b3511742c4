/** Streams as clients see them: the machine's own kubectl over both protocols, and a client that speaks in channels. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { on, once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { type ApiServer, startApiServer } from '../server.js';
import { type LocalPrograms, localPrograms } from './testing/local-programs.js';

let server: ApiServer;
let programs: LocalPrograms;
let folder: string;
let echoes: Server[];
let echoPort: number;
let otherPort: number;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sandbox-streams-'));
  server = await startApiServer();
  programs = localPrograms();
  server.useContainers({
    readLog: async function* () {},
    startProgram: (request) => programs.start(request),
  });
  await writeFile(join(folder, 'kubeconfig'), server.kubeconfig);
  await runningPod('web');
  echoes = [1, 2].map(() =>
    createServer({ allowHalfOpen: true }, (peer) => peer.pipe(peer)).listen(0, '127.0.0.1'),
  );
  await Promise.all(echoes.map((echo) => once(echo, 'listening')));
  [echoPort, otherPort] = echoes.map((echo) => (echo.address() as AddressInfo).port) as [number, number];
});

afterAll(async () => {
  for (const echo of echoes) echo.close();
  await server.close();
  await rm(folder, { recursive: true });
});

async function runningPod(name: string): Promise<void> {
  const pods = server.cluster.resource('pods');
  const containers = [{ name: 'main' }, { name: 'side' }];
  await pods.create({ metadata: { name, namespace: 'default' }, spec: { containers, nodeName: 'node-1' } });
  pods.modifyStatus({ namespace: 'default', name }, (pod) => {
    const containerStatuses = containers.map((container) => ({ ...container, state: { running: {} } }));
    pod.status = { phase: 'Running', containerStatuses };
  });
}

interface Result {
  code: number;
  output: Buffer;
  errors: string;
}

function kubectl(words: readonly string[], settings: NodeJS.ProcessEnv = {}): ChildProcess {
  const KUBECONFIG = join(folder, 'kubeconfig');
  return spawn('kubectl', words, { env: { ...process.env, KUBECONFIG, ...settings } });
}

async function result(child: ChildProcess, input?: Buffer): Promise<Result> {
  child.stdin?.end(input);
  const [output, errors, [code]] = await Promise.all([
    buffer(child.stdout as Readable),
    text(child.stderr as Readable),
    once(child, 'close'),
  ]);
  return { code: Number(code), output, errors };
}

/** The next lines of what kubectl writes, one for each pattern; the first group of each. */
async function said(stream: Readable | null, ...patterns: readonly RegExp[]): Promise<string[]> {
  let heard = '';
  for await (const chunk of (stream as Readable).iterator({ destroyOnReturn: false })) {
    heard += String(chunk);
    const found = patterns.map((pattern) => pattern.exec(heard)?.[1]);
    if (found.every((word) => word !== undefined)) return found as string[];
  }
  throw new Error(`kubectl ended without saying it: ${heard}`);
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
}

/** Sends everything, ends its half and returns what comes back. */
async function through(port: string, bytes: Buffer): Promise<Buffer> {
  const socket = connect({ port: Number(port), host: '127.0.0.1', allowHalfOpen: true });
  socket.end(bytes);
  return buffer(socket);
}

const protocols = [
  ['WebSocket', {}],
  ['SPDY', { KUBECTL_REMOTE_COMMAND_WEBSOCKETS: 'false', KUBECTL_PORT_FORWARD_WEBSOCKETS: 'false' }],
] as const;

describe.each(protocols)('kubectl over %s', (_name, settings) => {
  const exec = (words: readonly string[], input?: Buffer) =>
    result(kubectl(['exec', ...words], settings), input);

  it('sees what a program writes, where it writes it, and its exit code', async () => {
    const { code, output, errors } = await exec([
      'web',
      '-c',
      'main',
      '--',
      'sh',
      '-c',
      'echo out; echo err >&2; exit 7',
    ]);
    expect({ code, output: output.toString(), errors }).toEqual({
      code: 7,
      output: 'out\n',
      errors: 'err\ncommand terminated with exit code 7\n',
    });
  });

  it('ends a program’s input with its own, and loses nothing of it', async () => {
    const sent = randomBytes(5_000_000);
    const { code, output } = await exec(['-i', 'web', '-c', 'main', '--', 'cat'], sent);
    expect(code).toBe(0);
    expect(output.equals(sent)).toBe(true);
  });

  it('gives no input to a program that was not promised any', async () => {
    const { output } = await exec(['web', '-c', 'main', '--', 'wc', '-c'], Buffer.from('unheard'));
    expect(output.toString().trim()).toBe('0');
  });

  it('takes its program along when it leaves', async () => {
    const child = kubectl(
      ['exec', 'web', '-c', 'main', '--', 'sh', '-c', 'echo begun; sleep 1000'],
      settings,
    );
    await said(child.stdout, /(begun)/);
    expect(programs.running()).toBe(1);
    child.kill('SIGKILL');
    await expect.poll(() => programs.running()).toBe(0);
  });

  it('is let go when the Pod is gone, and the program with it', async () => {
    await runningPod('short-lived');
    const words = ['exec', 'short-lived', '-c', 'main', '--', 'sh', '-c', 'echo begun; exec sleep 1000'];
    const child = kubectl(words, settings);
    await said(child.stdout, /(begun)/);
    server.cluster
      .resource('pods')
      .remove({ namespace: 'default', name: 'short-lived' }, { gracePeriodSeconds: 0 });
    await ended(child);
    expect(programs.running()).toBe(0);
  });

  it('hears why a program cannot be started', async () => {
    const { code, errors } = await exec(['web', '-c', 'main', '--', 'no-such-program']);
    expect(code).toBe(1);
    expect(errors).toContain('spawn no-such-program ENOENT');
  });

  it('is refused in words: a container that the Pod does not have, or that does not run', async () => {
    expect((await exec(['web', '-c', 'other', '--', 'true'])).errors).toContain(
      'container other is not valid for pod web',
    );
    const pods = server.cluster.resource('pods');
    const spec = { containers: [{ name: 'main' }] };
    if (pods.find('default', 'waiting') === undefined)
      await pods.create({ metadata: { name: 'waiting', namespace: 'default' }, spec });
    expect((await exec(['waiting', '--', 'true'])).errors).toContain(
      'container not found ("main"): it does not run',
    );
  });

  it('forwards many connections to several ports, each with its own end', async () => {
    const child = kubectl(['port-forward', 'web', `:${echoPort}`, `:${otherPort}`], settings);
    const [first = '', second = ''] = await said(
      child.stdout,
      new RegExp(`127.0.0.1:(\\d+) -> ${echoPort}`),
      new RegExp(`127.0.0.1:(\\d+) -> ${otherPort}`),
    );
    const sent = Array.from({ length: 6 }, () => randomBytes(200_000));
    const returned = await Promise.all(
      sent.map((bytes, index) => through(index % 2 === 0 ? first : second, bytes)),
    );
    expect(returned.map((bytes, index) => bytes.equals(sent[index] as Buffer))).toEqual(Array(6).fill(true));
    await expect.poll(() => programs.running()).toBe(0);
    child.kill();
    await ended(child);
  });

  it('hears that nobody listens on a forwarded port', async () => {
    const child = kubectl(['port-forward', 'web', ':9'], settings);
    const [local = ''] = await said(child.stdout, /127\.0\.0\.1:(\d+) -> 9/);
    expect((await through(local, Buffer.from('anybody?'))).length).toBe(0);
    expect(await said(child.stderr, /(Connection refused)/)).toHaveLength(1);
    child.kill();
    await ended(child);
  });
});

describe('a client that speaks in channels', () => {
  const dial = (path: string, protocol: string): WebSocket => {
    const url = `${server.url.replace('https', 'wss')}/api/v1/namespaces/default/pods/web/${path}`;
    const headers = { authorization: `Bearer ${server.token}` };
    return new WebSocket(url, [protocol], { ca: server.ca, headers });
  };

  it('of version 4 gets output and outcome', async () => {
    const socket = dial(
      'exec?container=main&stdout=true&stderr=true&command=echo&command=hello',
      'v4.channel.k8s.io',
    );
    const messages: Buffer[] = [];
    socket.on('message', (data) => messages.push(data as Buffer));
    await once(socket, 'close');
    const of = (channel: number) =>
      Buffer.concat(
        messages.filter(([first]) => first === channel).map((message) => message.subarray(1)),
      ).toString();
    expect(of(1)).toBe('hello\n');
    expect(JSON.parse(of(3))).toEqual({ metadata: {}, status: 'Success' });
  });

  it('connects to a forwarded port', async () => {
    const socket = dial(`portforward?ports=${echoPort}`, 'v4.channel.k8s.io');
    await once(socket, 'open');
    socket.send(Buffer.from('\0hello'));
    const messages: Buffer[] = [];
    for await (const [data] of on(socket, 'message')) {
      messages.push(data as Buffer);
      if (messages.length === 3) break;
    }
    const port = Buffer.from([echoPort & 0xff, echoPort >> 8]);
    expect(messages).toEqual([Buffer.from([0, ...port]), Buffer.from([1, ...port]), Buffer.from('\0hello')]);
    socket.close();
    await expect.poll(() => programs.running()).toBe(0);
  });

  it('is told which protocols there are', async () => {
    const refusal = once(dial('exec?container=main&command=true', 'channel.k8s.io'), 'unexpected-response');
    const [, response] = (await refusal) as [unknown, IncomingMessage];
    expect(response.statusCode).toBe(400);
    expect(await text(response)).toContain('server accepts [v5.channel.k8s.io v4.channel.k8s.io]');
  });
});
