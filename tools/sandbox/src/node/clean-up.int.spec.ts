import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeAll, expect, it } from 'vitest';
import { cleanUp } from './clean-up.js';
import { runCommand } from './command.js';
import { instanceNames } from './names.js';
import { compileSandbox, eventually, randomInstance } from './testing/test-cluster.js';

const mainFile = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const instance = randomInstance();
const names = instanceNames(instance);
let dataDir = '';

beforeAll(compileSandbox);

afterEach(async () => {
  await cleanUp({ instance });
  await rm(dataDir, { recursive: true, force: true });
});

async function startSandbox(...args: string[]): Promise<ChildProcess> {
  dataDir = await mkdtemp(join(tmpdir(), 'sandbox-'));
  const child = spawn(
    process.execPath,
    [mainFile, '--nodes', '2', '--data', dataDir, '--instance', instance, ...args],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  );
  await eventually(
    'the sandbox is usable',
    () => readFile(join(dataDir, 'sandbox.json'), 'utf8').catch(() => undefined),
    60_000,
  );
  return child;
}

/** Every trace of the instance outside its data folder, in words. */
async function traces(): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry));
  const commands = await Promise.all(
    pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')),
  );
  const mounts = (await readFile('/proc/self/mountinfo', 'utf8')).split('\n');
  const cgroups = (
    await Promise.all(
      ['/sys/fs/cgroup', '/sys/fs/cgroup/cpu'].map((folder) => readdir(folder).catch(() => [])),
    )
  ).flat();
  const routes = (await runCommand('ip', ['route'])).split('\n');
  const links = await readdir('/sys/class/net');
  const candidates = [
    ...commands,
    ...mounts,
    ...cgroups,
    ...routes,
    ...links,
    ...(await readdir('/run')),
    ...(await readdir('/run/netns').catch(() => [])),
  ];
  const marks = [names.runFolder, names.bridge, names.cgroup, names.netnsPrefix];
  return candidates.filter(
    (text) =>
      marks.some((mark) => text.includes(mark)) ||
      text.startsWith(names.linkPrefix) ||
      text === `rf-sandbox-${instance}`,
  );
}

it('leaves nothing behind when the sandbox is told to end', async () => {
  const sandbox = await startSandbox();
  expect(await traces()).not.toEqual([]);
  sandbox.kill('SIGTERM');
  const [exitCode] = (await once(sandbox, 'exit', { signal: AbortSignal.timeout(10_000) })) as [number];
  expect(exitCode).toBe(0);
  expect(await traces()).toEqual([]);
  expect(await readdir(dataDir)).toEqual(['kubeconfig']);
});

it('ends with its parent when asked to', async () => {
  const sandbox = await startSandbox('--watch-parent');
  sandbox.stdin?.end();
  await once(sandbox, 'exit', { signal: AbortSignal.timeout(10_000) });
  expect(await traces()).toEqual([]);
});

it('removes what a killed sandbox left, and refuses to touch one that runs', async () => {
  const sandbox = await startSandbox();
  const second = spawn(process.execPath, [mainFile, '--data', dataDir, '--instance', instance], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let complaint = '';
  second.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString()));
  const [refusal] = (await once(second, 'exit')) as [number];
  expect(refusal).toBe(1);
  expect(complaint).toMatch(/^sandbox: this instance of the sandbox is already running \(process \d+\)\n$/);
  sandbox.kill('SIGKILL');
  await once(sandbox, 'exit');
  expect(await traces()).not.toEqual([]);
  await cleanUp({ instance });
  expect(await traces()).toEqual([]);
});
