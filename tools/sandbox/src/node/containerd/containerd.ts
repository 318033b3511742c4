/**
 * One node's containerd: written its configuration, started inside the node's network namespace, given the image, and started
 * again when it dies (containers outlive it: their shims are processes of their own). It ends with `close`; containers are
 * the clean-up's.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { openSync } from 'node:fs';
import { access, mkdir, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { runCommand, tryCommand } from '../command.js';
import { connectCri } from '../cri/cri.client.js';
import { type SupervisedProcess, superviseProcess } from '../supervised-process.js';
import {
  type ContainerdFolders,
  type ContainerdSettings,
  cniNetwork,
  containerdConfig,
  containerdSocket,
} from './containerd-config.js';

export interface ContainerdOptions extends ContainerdSettings {
  /** The machine's CNI plugins. */
  cniPlugins: string;
  netns: string;
  networkName: string;
  podCidr: string;
  logFile: string;
  imageFile: string;
  ending?: AbortSignal;
}

export interface Containerd {
  socket: string;
  folders: ContainerdFolders;
  close(): Promise<void>;
}

/** Ends a wait for something broken; the launcher looks at progress, and on a busy machine a right start takes many times its usual second. */
const startTimeoutMs = 600_000;

export async function startContainerd(options: ContainerdOptions): Promise<Containerd> {
  const { folders } = options;
  const configFile = `${folders.state}/config.toml`;
  await Promise.all(
    [folders.root, folders.state, folders.cniConfig, folders.cniBinaries].map((folder) =>
      mkdir(folder, { recursive: true }),
    ),
  );
  await linkPlugins(options.cniPlugins, folders.cniBinaries);
  await writeFile(configFile, containerdConfig(options));
  await writeFile(
    `${folders.cniConfig}/10-sandbox.conflist`,
    cniNetwork(options.networkName, options.podCidr, `${folders.root}/leases`),
  );
  const daemon = superviseProcess({
    start: () => spawnContainerd(options, configFile),
    ...(options.ending === undefined ? {} : { ending: options.ending }),
  });
  try {
    await waitUntilReady(folders, daemon);
    await runCommand('ctr', [
      '--address',
      containerdSocket(folders),
      '-n',
      'k8s.io',
      'images',
      'import',
      options.imageFile,
    ]);
  } catch (error) {
    await daemon.close();
    throw error;
  }
  return { socket: containerdSocket(folders), folders, close: daemon.close };
}

/** overlayfs where a mount of it works below the folder (not on every file system), otherwise plain copies. */
export async function chooseSnapshotter(folder: string): Promise<'overlayfs' | 'native'> {
  const probe = `${folder}/overlay-probe`;
  const [lower, upper, work, merged] = ['lower', 'upper', 'work', 'merged'].map(
    (name) => `${probe}/${name}`,
  ) as [string, string, string, string];
  await Promise.all([lower, upper, work, merged].map((path) => mkdir(path, { recursive: true })));
  const mounted = await tryCommand('mount', [
    '-t',
    'overlay',
    'overlay',
    '-o',
    `lowerdir=${lower},upperdir=${upper},workdir=${work}`,
    merged,
  ]);
  if (mounted !== undefined) await runCommand('umount', [merged]);
  await rm(probe, { recursive: true, force: true });
  return mounted === undefined ? 'native' : 'overlayfs';
}

/** A folder of the node's own, so that a plugin put there is put on this node and goes with it. */
async function linkPlugins(from: string, to: string): Promise<void> {
  const names = await readdir(from);
  await Promise.all(
    names.map(async (name) => {
      await rm(join(to, name), { force: true });
      await symlink(join(from, name), join(to, name));
    }),
  );
}

export async function findCniPlugins(): Promise<string> {
  for (const folder of ['/usr/lib/cni', '/opt/cni/bin']) {
    const isComplete = await Promise.all(
      ['ptp', 'host-local', 'loopback'].map((plugin) => access(`${folder}/${plugin}`)),
    ).then(
      () => true,
      () => false,
    );
    if (isComplete) return folder;
  }
  throw new Error(
    'the CNI plugins ptp, host-local and loopback are missing; install containernetworking-plugins',
  );
}

function spawnContainerd(options: ContainerdOptions, configFile: string): ChildProcess {
  const log = openSync(options.logFile, 'a');
  // nsenter, not "ip netns exec": that one remounts /sys and hides the cgroup mounts from runc.
  return spawn(
    'nsenter',
    [`--net=${options.netns}`, 'containerd', '--config', configFile, '--log-level', 'warn'],
    {
      stdio: ['ignore', log, log],
    },
  );
}

async function waitUntilReady(folders: ContainerdFolders, daemon: SupervisedProcess): Promise<void> {
  const deadline = Date.now() + startTimeoutMs;
  const socket = containerdSocket(folders);
  while (Date.now() < deadline) {
    const failure = daemon.startFailure();
    if (failure !== undefined) throw new Error(`containerd cannot be started: ${failure}`);
    if (
      await access(socket).then(
        () => true,
        () => false,
      )
    ) {
      const client = connectCri(socket);
      const isReady = await client.isReady();
      client.close();
      if (isReady) return;
    }
    await sleep(100);
  }
  throw new Error(`containerd was not ready within ${startTimeoutMs / 1000} s`);
}
