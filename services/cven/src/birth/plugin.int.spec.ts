/** The compiled plugin and the agent's end of its socket: who waits for whom, for how long, and what is believed. */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { join } from 'node:path';
import { eventually } from '@ringfence/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FoundSandbox } from '../adapters/cri/sandbox-record.js';
import { callPlugin, compiledPlugin, meetingDirectory, RESULT } from '../testing/cni-plugin.js';
import { BirthGate } from './birth-gate.js';
import type { Decision } from './birth-gate.js';
import { BirthServer, LONGEST_LINE, MOST_CONNECTIONS } from './birth.server.js';
import { BreakGlass } from './break-glass.js';
import { renderSettings } from './plugin-settings.js';
import type { Away } from './plugin-settings.js';

let directory: string;
const closers: (() => Promise<void> | void)[] = [];

beforeEach(() => {
  compiledPlugin();
  directory = meetingDirectory();
});
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
  rmSync(directory, { recursive: true, force: true });
});

function settings(away: Away = { kind: 'closed' }): void {
  const namespaces = new Map([
    ['shop', 'full'],
    ['web', 'visibility_only'],
  ] as const);
  writeFileSync(join(directory, 'settings'), renderSettings({ away, namespaces, exempt: new Set() }));
}

/** Whoever listens and never says anything: an agent that was stopped. */
async function silence(): Promise<Server> {
  const server = createServer(() => undefined);
  await new Promise<void>((resolve) => void server.listen(join(directory, 'agent.sock'), resolve));
  closers.push(() => void server.close());
  return server;
}

/** A namespace to be born in. */
function netns(): string {
  const name = `rfb-${randomBytes(3).toString('hex')}`;
  execFileSync('ip', ['netns', 'add', name]);
  closers.push(() => void execFileSync('ip', ['netns', 'del', name]));
  return `/run/netns/${name}`;
}

interface Agent {
  readonly taken: FoundSandbox[];
  readonly dropped: string[];
  readonly refused: string[];
  readonly gate: BirthGate;
  decide(outcome: Decision | Error): void;
}

async function agent(): Promise<Agent> {
  const taken: FoundSandbox[] = [];
  const dropped: string[] = [];
  const refused: string[] = [];
  let settle: (outcome: Decision | Error) => void = () => undefined;
  const decision = new Promise<Decision>((resolve, reject) => {
    settle = (outcome) => (outcome instanceof Error ? reject(outcome) : resolve(outcome));
  });
  decision.catch(() => undefined);
  const gate = new BirthGate({
    places: {
      takeSandbox: (sandbox) => void taken.push(sandbox),
      dropSandbox: async (id) => void dropped.push(id),
      decided: () => decision,
    },
    refusedNamespace: (path) => (path.startsWith('/run/netns/') ? undefined : `${path} is none`),
    exists: existsSync,
    now: () => performance.now(),
    onDropFailed: () => undefined,
  });
  const server = new BirthServer({
    path: join(directory, 'agent.sock'),
    gate,
    onAnswer: () => undefined,
    onRefused: (why) => void refused.push(why),
    onError: () => undefined,
  });
  await server.listen();
  closers.push(() => server.close());
  return { taken, dropped, refused, gate, decide: settle };
}

const add = (namespace = 'shop', more: Partial<Parameters<typeof callPlugin>[0]> = {}) =>
  callPlugin({ command: 'ADD', directory, namespace, ...more });
const passed = { code: 0, output: `${JSON.stringify(RESULT)}\n` };

describe('without an agent', () => {
  it('lets everything through where nothing was ever enforced', async () => {
    expect(await add()).toMatchObject(passed);
  });

  it('closes what is enforced, with a sentence that kubelet tries again for, and nothing else', async () => {
    settings();
    const held = await add();
    expect(held.code).toBe(1);
    const { code, msg } = JSON.parse(held.output) as { code: number; msg: string };
    expect(code).toBe(11);
    expect(msg).toMatch(
      /^network is not ready: .*agent on this node is not running.*"shop" stay closed.*open --for/,
    );
    for (const namespace of ['elsewhere', 'web']) expect(await add(namespace)).toMatchObject(passed);
  });

  it('holds everything when it cannot read who is exempt', async () => {
    writeFileSync(join(directory, 'settings'), 'ringfence birth 1\naway open\n');
    expect((await add('elsewhere')).code).toBe(1);
  });

  it('is open where that is set, and waits where that is set', async () => {
    settings({ kind: 'open' });
    expect(await add()).toMatchObject(passed);
    settings({ kind: 'wait', seconds: 1 });
    const waited = await add();
    expect(waited).toMatchObject(passed);
    expect(waited.ms).toBeGreaterThan(950);
    expect(new BreakGlass(directory).take()).toEqual([]);
    expect(new BreakGlass(directory).take()).toEqual([
      expect.stringMatching(/^20.*Z passed shop\/p, as set, while the agent is not running/),
      expect.stringMatching(/^20.*Z passed shop\/p, as set, while the agent is not running/),
    ]);
  });

  it('finds an agent that comes back while it waits', async () => {
    settings({ kind: 'wait', seconds: 20 });
    const waiting = add('shop', { netns: netns() });
    const late = await agent();
    late.decide('in-force');
    expect(await waiting).toMatchObject(passed);
    expect(late.taken).toHaveLength(1);
  });
});

describe('with an agent that was stopped', () => {
  it('closes what is enforced after a bounded time; what ends and what is not ours is not held at all', async () => {
    settings();
    await silence();
    const held = add();
    for (const call of [
      callPlugin({ command: 'DEL', directory }),
      callPlugin({ command: 'CHECK', directory }),
      add('elsewhere'),
    ])
      expect((await call).code).toBe(0);
    const answer = await held;
    expect(answer.output).toContain('network is not ready');
    expect(answer.ms).toBeLessThan(50_000);
  });

  it('ends with whoever called it', async () => {
    settings();
    const server = await silence();
    const question = new Promise<Socket>((resolve) => void server.once('connection', resolve));
    // Not its last command: the shell must stay the plugin's parent.
    const caller = spawn('sh', ['-c', `${compiledPlugin()}; true`], {
      stdio: ['pipe', 'ignore', 'ignore'],
      env: { CNI_COMMAND: 'ADD', CNI_CONTAINERID: 'c', CNI_ARGS: 'K8S_POD_NAMESPACE=shop' },
    });
    caller.stdin.end(JSON.stringify({ cniVersion: '0.4.0', directory, prevResult: {} }));
    const socket = await question;
    const ended = new Promise<void>((resolve) => void socket.resume().once('close', () => resolve()));
    const killed = performance.now();
    caller.kill('SIGKILL');
    await ended;
    expect(performance.now() - killed).toBeLessThan(5_000);
  });
});

describe('with an agent', () => {
  it('tells it everything about the Pod and waits until it is decided', async () => {
    settings();
    const { taken, decide } = await agent();
    const path = netns();
    let isDone = false;
    const waiting = add('shop', { netns: path }).then((answer) => {
      isDone = true;
      return answer;
    });
    await eventually(() => taken.length === 1);
    expect(taken[0]).toEqual({
      id: 'c1',
      podUid: 'u-c1',
      namespace: 'shop',
      name: 'p',
      netns: path,
      addresses: ['10.1.2.3'],
    });
    expect(isDone).toBe(false);
    decide('locked');
    expect(await waiting).toMatchObject(passed);
  });

  it('fails with the agent’s own words when the kernel has nothing', async () => {
    settings();
    const { decide } = await agent();
    decide(new Error('no table\nat "all"'));
    const { code, output } = await add('shop', { netns: netns() });
    expect(code).toBe(1);
    const { msg } = JSON.parse(output) as { msg: string };
    expect(msg).toContain('network is not ready');
    expect(msg).toContain('no table at "all"');
  });

  it('is told "no" when its Pod is deleted or gone meanwhile, and what was never finished is let go of', async () => {
    settings();
    const { taken, dropped, gate } = await agent();
    const path = netns();
    const first = add('shop', { container: 'c1', netns: path });
    const second = add('shop', { container: 'c2', netns: path });
    await eventually(() => taken.length === 2);
    gate.seen('c2');
    await callPlugin({ command: 'DEL', directory, container: 'c1' });
    expect((await first).output).toContain('is being deleted');
    gate.gone('c2');
    expect((await second).output).toContain('has gone');
    await callPlugin({ command: 'DEL', directory, container: 'c2' });
    await callPlugin({ command: 'DEL', directory, container: 'c1' });
    expect(dropped).toEqual(['c1']);
  });

  it('refuses a path that is no Pod’s namespace', async () => {
    settings();
    const { taken } = await agent();
    const { code, output } = await add('shop', { netns: '/etc/passwd' });
    expect({ code, taken }).toEqual({ code: 1, taken: [] });
    expect(output).toContain('/etc/passwd is none');
  });

  it('only root can speak to it, and nobody can harm it by speaking', async () => {
    settings();
    const { refused, decide } = await agent();
    expect(statSync(join(directory, 'agent.sock')).mode & 0o777).toBe(0o600);
    const say = (text: string | Buffer): Promise<void> =>
      new Promise((resolve) => {
        const socket = connect(join(directory, 'agent.sock'));
        socket.on('error', () => undefined).on('close', () => resolve());
        socket.write(text);
      });
    const wrong = {
      command: 'add',
      container: '../../x',
      netns: '',
      uid: '',
      namespace: '',
      name: '',
      addresses: [],
    };
    for (const text of [
      '\n',
      '{}\n',
      'null\n',
      `${JSON.stringify(wrong)}\n`,
      randomBytes(64 * 1024),
      '['.repeat(LONGEST_LINE * 2),
    ])
      await say(text);
    expect(refused.length).toBe(6);
    const idle = Array.from({ length: MOST_CONNECTIONS }, () => connect(join(directory, 'agent.sock')));
    await eventually(() => idle.every((socket) => !socket.connecting));
    expect((await add('shop', { netns: netns() })).code).toBe(1);
    for (const socket of idle) socket.destroy();
    decide('in-force');
    await eventually(async () => (await add('shop', { netns: netns() })).code === 0);
  });
});

describe('by the specification', () => {
  it('says its versions, refuses others, and needs somebody before it in the chain', async () => {
    const { output } = await callPlugin({ command: 'VERSION', directory });
    expect(JSON.parse(output)).toMatchObject({
      supportedVersions: ['0.3.0', '0.3.1', '0.4.0', '1.0.0', '1.1.0'],
    });
    expect(JSON.parse((await add('shop', { cniVersion: '9.9.9' })).output)).toMatchObject({ code: 1 });
    expect(JSON.parse((await add('shop', { input: '{"cniVersion":"1.0.0"}' })).output)).toMatchObject({
      code: 7,
    });
    for (const input of ['', '{', '[]]', '{"a":"\u0001"}', 'x'.repeat(2 ** 20), '['.repeat(100)])
      expect(JSON.parse((await add('shop', { input })).output)).toMatchObject({ code: 6 });
  });

  it.each(['DEL', 'CHECK', 'GC', 'STATUS'])('%s needs nobody and never fails', async (command) => {
    settings();
    for (const input of [undefined, '', '{'])
      expect(
        await callPlugin({ command, directory, ...(input === undefined ? {} : { input }) }),
      ).toMatchObject({
        code: 0,
        output: '',
      });
  });
});

describe('break-glass', () => {
  const byHand = (...words: string[]): { status: number | null; output: string } => {
    const env = { PATH: process.env['PATH'], SUDO_USER: 'ada' };
    const { status, stdout, stderr } = spawnSync(compiledPlugin(), [...words, '--dir', directory], { env });
    return { status, output: String(stdout) + String(stderr) };
  };

  it('opens for a while, says who and why, records what went through, and closes', async () => {
    settings();
    expect(byHand('open', '--for', '1h', '--reason', 'the agent\nis broken').status).toBe(0);
    expect(byHand('status').output).toMatch(/open for another 3\d\d\d s, by ada: the agent is broken/);
    const glass = new BreakGlass(directory);
    expect(glass.current(new Date())).toMatchObject({ by: 'ada', reason: 'the agent is broken' });
    expect(glass.current(new Date(Date.now() + 3_700_000))).toBeUndefined();
    expect(await add()).toMatchObject(passed);
    expect(byHand('close').status).toBe(0);
    expect((await add()).code).toBe(1);
    glass.take();
    expect(glass.take().map((line) => line.replace(/^\S+ /, ''))).toEqual([
      'opened for 3600 s by ada: the agent is broken',
      'passed shop/p while the agent is not running (No such file or directory)',
      'closed',
    ]);
    expect(glass.take()).toEqual([]);
  });

  it('opens nothing by a clock that was set: neither before it was opened, nor for longer than anybody may', async () => {
    settings();
    byHand('open', '--for', '1h', '--reason', 'x');
    const path = join(directory, 'open');
    const now = Math.floor(Date.now() / 1000);
    const shifted = (seconds: number, longer = 0): void =>
      writeFileSync(path, `at ${now + seconds}\nuntil ${now + seconds + 3_600 + longer}\nby ada\nreason x\n`);
    const glass = new BreakGlass(directory);
    shifted(-60);
    expect((await add()).code).toBe(0);
    expect(glass.current(new Date())).toMatchObject({ by: 'ada' });
    for (const write of [() => shifted(60), () => shifted(-60, 86_400), () => shifted(-7_200)]) {
      write();
      expect((await add()).code).toBe(1);
      expect(glass.current(new Date())).toBeUndefined();
    }
  });

  it('expires by itself', async () => {
    settings();
    byHand('open', '--for', '1s', '--reason', 'a moment');
    await eventually(async () => (await add()).code === 1);
    expect(byHand('status').output).toBe('closed\n');
  });

  it.each([
    [['open', '--for', '25h', '--reason', 'x']],
    [['open', '--for', '1w', '--reason', 'x']],
    [['open', '--for', '1h']],
    [['opne']],
    [[]],
  ])('refuses %j in words', (words) => {
    const { status, output } = byHand(...words);
    expect(status).toBe(2);
    expect(output).toContain('ringfence-cni open --for 1h --reason');
    expect(existsSync(join(directory, 'open'))).toBe(false);
  });

  it('keeps a bounded record', () => {
    writeFileSync(join(directory, 'opened.log'), `${'x'.repeat(1023)}\n`.repeat(256));
    byHand('close');
    expect(readFileSync(join(directory, 'opened.log')).length).toBe(256 * 1024);
  });
});
