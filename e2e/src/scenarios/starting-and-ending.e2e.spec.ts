/** `npm start` leaves nothing behind, however it ends, and cleans up after a start that was killed. */
import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify, stripVTControlCharacters } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { freePort, sandboxInstance } from '@ringfence/up';
import { untilDone } from '@ringfence/testing';

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, '..', '..', '..');
const data = mkdtempSync(join(tmpdir(), 'ringfence-start-'));

/** What the stack of our data directory has in the kernel, apart from processes; its names carry its instance. */
async function leftovers(): Promise<string[]> {
  const instance = sandboxInstance(data);
  const { stdout } = await run('ip', ['-o', 'link']);
  const tables = await run('nft', ['list', 'tables']);
  const mounts = readFileSync('/proc/self/mounts', 'utf8');
  const everything = [
    ...stdout.split('\n'),
    ...tables.stdout.split('\n'),
    ...mounts.split('\n'),
    ...namespaces(),
  ];
  return everything.filter((line) => line.includes(instance) || line.includes(data));
}

function namespaces(): string[] {
  return existsSync('/run/netns') ? readdirSync('/run/netns') : [];
}

interface Running {
  readonly pid: number;
  readonly args: string;
}

function processesOfIt(): Running[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids
    .map((pid) => ({ pid: Number(pid), args: commandLine(pid) }))
    .filter(({ args }) => args.includes(data));
}

/** Empty for a process that ended meanwhile. */
function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}

const started: ChildProcess[] = [];

async function start(): Promise<{ child: ChildProcess; output: () => string }> {
  const port = await freePort();
  const child = spawn('npm', ['start', '--', '--nodes', '1', '--data', data, '--port', String(port)], {
    cwd: ROOT,
  });
  started.push(child);
  let text = '';
  child.stdout.on('data', (chunk) => (text += String(chunk)));
  child.stderr.on('data', (chunk) => (text += String(chunk)));
  await untilDone(
    async () => {
      if (child.exitCode !== null) throw new Error(text.slice(-2_000));
      if (stripVTControlCharacters(text).includes('✓ First flow reported')) return { done: true };
      return { missing: 'its first flow', sign: text.length };
    },
    { what: 'npm start', stalledAfterMs: 240_000 },
  );
  return { child, output: () => stripVTControlCharacters(text) };
}

async function ended(): Promise<void> {
  await untilDone(
    async () => {
      const left = processesOfIt();
      return left.length === 0 ? { done: true } : { missing: left.map(({ args }) => args).join(', ') };
    },
    { what: 'every process to end' },
  );
}

/** Not a deadline for the machine: each wait in here ends when nothing moves any more. */
describe('npm start', { timeout: 1_800_000 }, () => {
  afterAll(async () => {
    for (const child of started) child.kill('SIGTERM');
    await ended();
    rmSync(data, { recursive: true, force: true });
  });

  it('writes an environment to source', async () => {
    const { output } = await start();
    const env = readFileSync(join(data, 'env'), 'utf8');
    for (const name of [
      'RINGFENCE_URL',
      'RINGFENCE_ORG_ID',
      'RINGFENCE_API_KEY',
      'RINGFENCE_API_SECRET',
      'KUBECONFIG',
      'RINGFENCE_CLUSTER_ID',
    ]) {
      expect(env).toContain(`${name}=`);
    }
    const inAnyDirectory = ['-c', `cd / && . '${data}/env' && ringfence clusters -o json`];
    expect((await run('sh', inAnyDirectory)).stdout).toContain('online');
    expect(output()).toMatch(/Try, in this order:[^]*✓ Pods ready[^]*✓ First flow reported\s+[\d.]+ s/);
  });

  it('cleans up after a start that was killed with -9, starts again, and ends completely on SIGTERM', async () => {
    const launchers = processesOfIt().filter(({ args }) => args.includes('start.mjs'));
    expect(launchers).not.toEqual([]);
    for (const { pid } of launchers) process.kill(pid, 'SIGKILL');
    const { child } = await start();
    child.kill('SIGTERM');
    await ended();
    expect(await leftovers()).toEqual([]);
  });

  it('refuses in one line what cannot work', async () => {
    const refused = async (...args: string[]): Promise<{ code: number; stderr: string }> =>
      run(process.execPath, ['tools/up/start.mjs', ...args], { cwd: ROOT }).then(
        () => ({ code: 0, stderr: '' }),
        (error: unknown) => error as { code: number; stderr: string },
      );
    for (const args of [
      ['--nodes', 'many'],
      ['--manifest', '/nowhere.yaml'],
      ['--port', '99999'],
      ['--what'],
    ]) {
      const { code, stderr } = await refused(...args);
      expect(code).toBe(2);
      expect(stderr.trim().split('\n')).toHaveLength(1);
    }
  });
});
