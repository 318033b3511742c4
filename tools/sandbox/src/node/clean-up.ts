/**
 * Removes everything that an instance left on the machine, whether it ended well or was killed: processes, mounts, network
 * namespaces, links, routes, cgroups, files. It finds things by the instance's names only, and is also how a running
 * sandbox ends: one way down, used every day.
 */
import { readdir, readFile, rm, rmdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { untilDone } from '@ringfence/testing';
import { tryCommand } from './command.js';
import { type InstanceRecord, readRecord } from './instance-record.js';
import { type InstanceNames, instanceNames, runFolderPrefix } from './names.js';
import { planForSlot } from './network/address-plan.js';
import { reservedRouteMetric } from './network/cluster-network.js';

/** A killed process ends when the kernel has taken its things down, which a busy machine does one after the other. */
const killStalledAfterMs = 30_000;
const cgroupMount = '/sys/fs/cgroup';
const shimSocketFolder = '/run/containerd/s/';
const cniResultFolder = '/var/lib/cni/results';

/** Without an instance: every instance that has left a run folder. */
export async function cleanUp(options: { instance?: string } = {}): Promise<void> {
  const instances = options.instance === undefined ? await knownInstances() : [options.instance];
  for (const instance of instances) await cleanUpInstance(instanceNames(instance));
}

async function knownInstances(): Promise<string[]> {
  const folder = runFolderPrefix.slice(0, runFolderPrefix.lastIndexOf('/'));
  const prefix = runFolderPrefix.slice(folder.length + 1);
  return (await readdir(folder))
    .filter((name) => name.startsWith(prefix))
    .map((name) => name.slice(prefix.length));
}

async function cleanUpInstance(names: InstanceNames): Promise<void> {
  const record = await readRecord(names);
  const cgroups = await cgroupFolders(names);
  // Twice: a shim may have started a container between the look and the kill.
  for (let round = 0; round < 2; round++)
    await killAll([...(await ownProcesses(names)), ...(await cgroupProcesses(cgroups))]);
  const tasks = await taskFolders(names);
  await removeShimSockets(tasks);
  await removeMounts([
    `${names.runFolder}/`,
    ...(record === undefined ? [] : [`${nodesFolder(record.dataFolder)}/`]),
  ]);
  await removeNetwork(names, record);
  await removeCniResults(
    names,
    tasks.map((task) => basename(task)),
  );
  for (const folder of cgroups) await removeCgroup(folder);
  if (record !== undefined) await rm(nodesFolder(record.dataFolder), { recursive: true, force: true });
  await rm(names.runFolder, { recursive: true, force: true });
}

export const nodesFolder = (dataFolder: string): string => join(dataFolder, 'nodes');

/** containerd, its shims, node agents and name servers: all have a path below the run folder among their arguments. */
async function ownProcesses(names: InstanceNames): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry)).map(Number);
  const own: number[] = [];
  for (const pid of pids) {
    if (pid === process.pid) continue;
    const args = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0');
    if (args.some((arg) => arg === names.runFolder || arg.startsWith(`${names.runFolder}/`))) own.push(pid);
  }
  return own;
}

async function cgroupFolders(names: InstanceNames): Promise<string[]> {
  const hierarchies = [
    '.',
    ...(await readdir(cgroupMount, { withFileTypes: true }))
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name),
  ];
  const found: string[] = [];
  for (const hierarchy of hierarchies) {
    const folder = join(cgroupMount, hierarchy, names.cgroup);
    if (await isFolder(folder)) found.push(folder);
  }
  return found;
}

async function cgroupProcesses(folders: readonly string[]): Promise<number[]> {
  const pids = new Set<number>();
  for (const folder of folders) {
    const text = await readFile(join(folder, 'cgroup.procs'), 'utf8').catch(() => '');
    const below = await cgroupProcesses(await subfolders(folder));
    for (const pid of [...text.split('\n').filter(Boolean).map(Number), ...below]) pids.add(pid);
  }
  return [...pids];
}

async function killAll(pids: readonly number[]): Promise<void> {
  for (const pid of pids) signal(pid, 'SIGKILL');
  let left = [...pids];
  await untilDone<true>(
    async () => {
      const states = await Promise.all(left.map(isRunning));
      left = left.filter((_, index) => states[index]);
      return left.length === 0 ? { done: true } : { missing: `${left.join(', ')} run` };
    },
    { what: 'processes of an earlier sandbox to end', stalledAfterMs: killStalledAfterMs, everyMs: 20 },
  );
}

/** A zombie has ended: it holds nothing, and only its parent can take it away. */
async function isRunning(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const state = stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3);
  return stat !== '' && state !== 'Z' && state !== 'X';
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended by itself.
  }
}

async function taskFolders(names: InstanceNames): Promise<string[]> {
  const nodes = await subfolders(names.runFolder);
  return (
    await Promise.all(nodes.map((node) => subfolders(join(node, 'io.containerd.runtime.v2.task/k8s.io'))))
  ).flat();
}

/** Shims put their sockets into a folder that all containerds of a machine share; each task's folder says which is its own. */
async function removeShimSockets(tasks: readonly string[]): Promise<void> {
  for (const task of tasks) {
    const address = (await readFile(join(task, 'address'), 'utf8').catch(() => '')).replace('unix://', '');
    if (address.startsWith(shimSocketFolder)) await rm(address, { force: true });
  }
}

async function removeMounts(prefixes: readonly string[]): Promise<void> {
  const mounts = (await readFile('/proc/self/mountinfo', 'utf8'))
    .split('\n')
    .flatMap((line) => line.split(' ')[4] ?? [])
    .filter((path) => prefixes.some((prefix) => path.startsWith(prefix)));
  for (let at = 0; at < mounts.length; at += 100)
    await tryCommand('umount', ['-l', ...mounts.slice(at, at + 100).reverse()]);
}

async function removeNetwork(names: InstanceNames, record: InstanceRecord | undefined): Promise<void> {
  const namespaces = (await readdir('/run/netns').catch(() => [])).filter((name) =>
    name.startsWith(names.netnsPrefix),
  );
  for (const namespace of namespaces) await tryCommand('ip', ['netns', 'delete', namespace]);
  const links = await readdir('/sys/class/net');
  const ownLink = new RegExp(`^${names.linkPrefix}\\d+$`);
  for (const link of links.filter((name) => ownLink.test(name)))
    await tryCommand('ip', ['link', 'delete', link]);
  if (links.includes(names.bridge)) await tryCommand('ip', ['link', 'delete', names.bridge]);
  if (record?.slot !== undefined) {
    await tryCommand('ip', [
      'route',
      'delete',
      'unreachable',
      planForSlot(record.slot).podNetwork,
      'metric',
      String(reservedRouteMetric + record.slot),
    ]);
  }
}

/** The CNI library remembers each attachment in a folder of the machine, by network name and sandbox; the loopback's name is fixed. */
async function removeCniResults(names: InstanceNames, sandboxes: readonly string[]): Promise<void> {
  const loopbacks = new Set(sandboxes.map((sandbox) => `cni-loopback-${sandbox}-lo`));
  const files = await readdir(cniResultFolder).catch(() => []);
  const own = files.filter((name) => name.startsWith(names.netnsPrefix) || loopbacks.has(name));
  for (const file of own) await rm(join(cniResultFolder, file), { force: true });
}

async function removeCgroup(folder: string): Promise<void> {
  for (const below of await subfolders(folder)) await removeCgroup(below);
  for (let attempt = 0; attempt < 20; attempt++) {
    const isGone = await rmdir(folder).then(
      () => true,
      (error: NodeJS.ErrnoException) => error.code === 'ENOENT',
    );
    if (isGone) return;
    await sleep(50);
  }
}

async function subfolders(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory()).map((entry) => join(folder, entry.name));
}

function isFolder(path: string): Promise<boolean> {
  return readdir(path).then(
    () => true,
    () => false,
  );
}
