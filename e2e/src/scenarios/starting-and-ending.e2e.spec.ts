/** `npm start` leaves nothing behind, however it ends, and cleans up after a start that was killed. */
import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { freePort } from '@ringfence/up';
import { eventually } from '../world.js';

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, '..', '..', '..');
const data = mkdtempSync(join(tmpdir(), 'ringfence-start-'));

interface Machine {
  readonly namespaces: string[];
  readonly links: string[];
  readonly mounts: string[];
}

/** What a stack could leave behind, apart from processes. */
async function machine(): Promise<Machine> {
  const { stdout } = await run('ip', ['-o', 'link']);
  const links = stdout
    .split('\n')
    .map((line) => line.split(': ')[1] ?? '')
    .filter((name) => name !== '');
  const mounts = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .filter((line) => line.includes(data));
  const namespaces = readdirSync('/run/netns');
  return { namespaces: namespaces.sort(), links: links.map((name) => name.split('@')[0]!).sort(), mounts };
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

async function start(): Promise<{ child: ChildProcess; output: () => string }> {
  const port = await freePort();
  const child = spawn('npm', ['start', '--', '--nodes', '1', '--data', data, '--port', String(port)], {
    cwd: ROOT,
  });
  let text = '';
  child.stdout.on('data', (chunk) => (text += String(chunk)));
  child.stderr.on('data', (chunk) => (text += String(chunk)));
  await eventually(
    'npm start tells its story',
    async () => {
      if (child.exitCode !== null) throw new Error(text.slice(-2_000));
      return Promise.resolve(text.includes('Try, in this order:'));
    },
    240_000,
  );
  return { child, output: () => text };
}

describe('npm start', { timeout: 300_000 }, () => {
  afterAll(() => rmSync(data, { recursive: true, force: true }));

  it('writes an environment to source, and ends completely on SIGTERM', async () => {
    const before = await machine();
    const { child, output } = await start();
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
    expect(output()).toMatch(/✓ First flow reported\s+[\d.]+ s/);
    child.kill('SIGTERM');
    await eventually('no process is left', () => Promise.resolve(processesOfIt().length === 0), 60_000);
    expect(await machine()).toEqual(before);
  });

  it('cleans up after a start that was killed with -9, and starts again', async () => {
    const before = await machine();
    await start();
    const launchers = processesOfIt().filter(({ args }) => args.includes('start.mjs'));
    for (const { pid } of launchers) process.kill(pid, 'SIGKILL');
    const second = await start();
    second.child.kill('SIGTERM');
    await eventually('no process is left', () => Promise.resolve(processesOfIt().length === 0), 60_000);
    expect(await machine()).toEqual(before);
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
