/**
 * A node for tests: a network namespace with a real containerd in it, whose sandboxes get real network namespaces. Joined to
 * the machine by a veth pair, so that servers of the test can be reached from it. `close` leaves nothing behind.
 */
import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { loadProto, openStub } from '@ringfence/cri';
import type { GrpcStub } from '@ringfence/cri';
import { eventually } from '@ringfence/testing';

export interface RunningSandbox {
  readonly id: string;
  readonly uid: string;
}

export interface ContainerdNode {
  /** Path of the node's namespace. */
  readonly netns: string;
  /** The machine's and the node's address on the link between them. */
  readonly hostAddress: string;
  readonly nodeAddress: string;
  readonly socket: string;
  /** Its own: a plugin that is put there is on this node alone. */
  readonly cni: { readonly config: string; readonly binaries: string; readonly namespaces: string };
  /** Names of the network namespaces of its Pods. */
  podNamespaces(): string[];
  run(
    namespace: string,
    name: string,
    options?: { uid?: string; hostNetwork?: boolean },
  ): Promise<RunningSandbox>;
  addressOf(sandbox: RunningSandbox): Promise<string>;
  stop(sandbox: RunningSandbox): Promise<void>;
  /** From now on no container's process starts: sandboxes stay half made until they are let go. Answers how to let go. */
  holdStarts(): () => void;
  /** Ends containerd the hard way and starts it again; what runs goes on. */
  restart(meanwhile: () => void): Promise<void>;
  /** Of the sandbox's own container. */
  processOf(sandbox: RunningSandbox): number;
  close(): Promise<void>;
}

export interface NodeOptions {
  /** What every Pod does from its first instruction on, in busybox's shell; by default it sleeps. */
  readonly program?: (nodeAddress: string) => string;
}

const POD_CIDR = '10.251.0.0/24';
const CNI_PLUGINS = ['/usr/lib/cni', '/opt/cni/bin'];

export async function startContainerdNode({ program }: NodeOptions = {}): Promise<ContainerdNode> {
  const id = randomBytes(3).toString('hex');
  const name = `rfn-${id}`;
  // Short: socket paths may not exceed 107 bytes.
  const directory = mkdtempSync(`/run/rf-${id}-`);
  const [hostAddress, nodeAddress] = linkNode(name, id);
  const state = join(directory, 's');
  const socket = join(state, 'c.sock');
  writeImage(directory, program?.(nodeAddress) ?? 'busybox sleep 100000');
  writeConfig(directory, state, socket);
  const hold = join(directory, 'hold');
  let daemon = startDaemon(name, directory);
  await eventually(() => existsSync(socket), undefined, 20_000);
  // As long as a kubelet waits at least: a plugin may hold a sandbox back.
  const cri = openStub({
    socket,
    definition: loadProto('runtime-v1.proto'),
    service: 'runtime.v1.RuntimeService',
    timeoutMs: 120_000,
  });
  await eventually(() => isReady(cri), undefined, 20_000);
  execFileSync(
    'ctr',
    ['--address', socket, '-n', 'k8s.io', 'images', 'import', join(directory, 'image.tar')],
    { stdio: 'pipe' },
  );
  const running = new Set<string>();
  const namespaces = join(state, 'io.containerd.grpc.v1.cri/netns');
  const stop = async (sandbox: string): Promise<void> => {
    await cri.call('StopPodSandbox', { pod_sandbox_id: sandbox });
    await cri.call('RemovePodSandbox', { pod_sandbox_id: sandbox });
    running.delete(sandbox);
  };
  return {
    netns: `/run/netns/${name}`,
    hostAddress,
    nodeAddress,
    socket,
    cni: { config: join(directory, 'cni'), binaries: join(directory, 'bin'), namespaces },
    podNamespaces: () => (existsSync(namespaces) ? readdirSync(namespaces) : []),
    run: async (namespace, podName, { uid = randomUUID(), hostNetwork = false } = {}) => {
      const config = {
        metadata: { name: podName, uid, namespace, attempt: 0 },
        hostname: hostNetwork ? '' : podName,
        log_directory: directory,
        linux: { security_context: { namespace_options: { network: hostNetwork ? 'NODE' : 'POD' } } },
      };
      const reply = await cri.call<{ pod_sandbox_id: string }>('RunPodSandbox', { config });
      running.add(reply.pod_sandbox_id);
      return { id: reply.pod_sandbox_id, uid };
    },
    addressOf: async ({ id: sandbox }) => {
      const { status } = await cri.call<{ status: { network: { ip: string } | null } }>('PodSandboxStatus', {
        pod_sandbox_id: sandbox,
      });
      return status.network?.ip ?? '';
    },
    stop: ({ id: sandbox }) => stop(sandbox),
    holdStarts: () => {
      writeFileSync(hold, '');
      return () => rmSync(hold, { force: true });
    },
    processOf: ({ id: sandbox }) => {
      const file = join(state, 'io.containerd.runtime.v2.task/k8s.io', sandbox, 'init.pid');
      return Number(readFileSync(file, 'utf8'));
    },
    restart: async (meanwhile) => {
      await end(daemon, 'SIGKILL');
      meanwhile();
      daemon = startDaemon(name, directory);
      await eventually(() => isReady(cri), undefined, 20_000);
    },
    close: async () => {
      for (const sandbox of [...running]) await stop(sandbox).catch(() => undefined);
      cri.close();
      await end(daemon);
      cleanUp(name, directory);
    },
  };
}

async function isReady(cri: GrpcStub): Promise<boolean> {
  try {
    const { status } = await cri.call<{ status: { conditions: { status: boolean }[] } }>('Status', {});
    return status.conditions.every((condition) => condition.status);
  } catch {
    return false;
  }
}

function linkNode(name: string, id: string): [string, string] {
  const net = `10.${200 + Math.floor(Math.random() * 40)}.${Math.floor(Math.random() * 250)}`;
  const ip = (...args: string[]): string => execFileSync('ip', args, { encoding: 'utf8' });
  ip('netns', 'add', name);
  ip('link', 'add', `rfh-${id}`, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name);
  ip('addr', 'add', `${net}.1/30`, 'dev', `rfh-${id}`);
  ip('link', 'set', `rfh-${id}`, 'up');
  ip('-n', name, 'addr', 'add', `${net}.2/30`, 'dev', 'eth0');
  for (const link of ['lo', 'eth0']) ip('-n', name, 'link', 'set', link, 'up');
  ip('-n', name, 'route', 'add', 'default', 'via', `${net}.1`);
  execFileSync('nsenter', [`--net=/run/netns/${name}`, 'sysctl', '-qw', 'net.ipv4.ip_forward=1']);
  return [`${net}.1`, `${net}.2`];
}

function writeConfig(directory: string, state: string, socket: string): void {
  const cni = join(directory, 'cni');
  const binaries = join(directory, 'bin');
  for (const folder of [cni, binaries]) mkdirSync(folder, { recursive: true });
  const plugins = CNI_PLUGINS.find((folder) => existsSync(join(folder, 'ptp'))) ?? '';
  for (const name of readdirSync(plugins)) symlinkSync(join(plugins, name), join(binaries, name));
  const ipam = {
    type: 'host-local',
    subnet: POD_CIDR,
    dataDir: join(directory, 'leases'),
    routes: [{ dst: '0.0.0.0/0' }],
  };
  writeFileSync(
    join(cni, '10-test.conflist'),
    JSON.stringify({ cniVersion: '0.4.0', name: 'test', plugins: [{ type: 'ptp', ipMasq: false, ipam }] }),
  );
  const runtime = join(directory, 'runc');
  const hold = join(directory, 'hold');
  writeFileSync(
    runtime,
    `#!/bin/sh
case " $* " in *" start "*) while [ -e ${hold} ]; do sleep 0.02; done ;; esac
exec runc "$@"
`,
    { mode: 0o755 },
  );
  const cri = '[plugins."io.containerd.grpc.v1.cri"';
  writeFileSync(
    join(directory, 'config.toml'),
    `version = 2
root = "${join(directory, 'r')}"
state = "${state}"
disabled_plugins = ["io.containerd.internal.v1.tracing", "io.containerd.nri.v1.nri", "io.containerd.monitor.v1.cgroups"]
[grpc]
  address = "${socket}"
[plugins."io.containerd.internal.v1.opt"]
  path = "${join(directory, 'opt')}"
${cri}]
  sandbox_image = "docker.io/ringfence/pause:test"
  disable_apparmor = true
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
${cri}.cni]
  bin_dir = "${binaries}"
  conf_dir = "${cni}"
${cri}.containerd]
  snapshotter = "native"
  default_runtime_name = "runc"
${cri}.containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"
${cri}.containerd.runtimes.runc.options]
  BinaryName = "${runtime}"
`,
  );
}

/** A docker archive by hand: one layer with a static busybox that runs the program. */
function writeImage(directory: string, program: string): void {
  const root = join(directory, 'image');
  mkdirSync(join(root, 'layer/bin'), { recursive: true });
  execFileSync('cp', ['/bin/busybox', join(root, 'layer/bin/busybox')]);
  execFileSync('tar', ['-C', join(root, 'layer'), '-cf', join(root, 'layer.tar'), '.']);
  const digest = execFileSync('sha256sum', [join(root, 'layer.tar')], { encoding: 'utf8' }).split(' ')[0];
  const config = { Entrypoint: ['/bin/busybox', 'sh', '-c', `PATH=/bin; ${program}`] };
  writeFileSync(
    join(root, 'config.json'),
    JSON.stringify({
      architecture: 'amd64',
      os: 'linux',
      config,
      rootfs: { type: 'layers', diff_ids: [`sha256:${digest}`] },
    }),
  );
  writeFileSync(
    join(root, 'manifest.json'),
    JSON.stringify([
      { Config: 'config.json', RepoTags: ['docker.io/ringfence/pause:test'], Layers: ['layer.tar'] },
    ]),
  );
  execFileSync('tar', [
    '-C',
    root,
    '-cf',
    join(directory, 'image.tar'),
    'manifest.json',
    'config.json',
    'layer.tar',
  ]);
}

function startDaemon(name: string, directory: string): ChildProcess {
  const config = join(directory, 'config.toml');
  return spawn(
    'nsenter',
    [`--net=/run/netns/${name}`, 'containerd', '--config', config, '--log-level', 'error'],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
}

async function end(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
  await gone;
}

/** What a killed containerd would leave: shims, namespace mounts, the node's namespace. */
function cleanUp(name: string, directory: string): void {
  const mounts = execFileSync('findmnt', ['-rno', 'TARGET'], { encoding: 'utf8' })
    .split('\n')
    .filter((target) => target.startsWith(directory));
  for (const target of mounts.reverse()) execFileSync('umount', ['-l', target]);
  execFileSync('ip', ['netns', 'del', name]);
  rmSync(directory, { recursive: true, force: true });
}
