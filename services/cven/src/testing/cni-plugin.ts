/** The real CNI plugin, compiled, and called as a container runtime calls it. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

let compiled: string | undefined;

/** Compiled to where the compiled agent looks for it, once per run. */
export function compiledPlugin(): string {
  return (compiled ??= compilePlugin());
}

function compilePlugin(): string {
  const root = fileURLToPath(new URL('../../', import.meta.url));
  const program = join(root, 'cni/bin/ringfence-cni');
  execFileSync('flock', [root, process.execPath, join(root, 'cni/build.mjs'), program]);
  return program;
}

/** Short: socket paths may not exceed 107 bytes. */
export const meetingDirectory = (): string => mkdtempSync(join(tmpdir(), 'rfb-'));

export interface PluginCall {
  readonly command: string;
  readonly directory: string;
  readonly namespace?: string;
  readonly container?: string;
  readonly netns?: string;
  readonly cniVersion?: string;
  /** Instead of a right configuration. */
  readonly input?: string;
}

export interface PluginAnswer {
  readonly code: number | null;
  readonly output: string;
  readonly ms: number;
}

export const RESULT = {
  cniVersion: '0.4.0',
  ips: [{ version: '4', address: '10.1.2.3/24' }],
  dns: { 'x"y': [1.5e3, null] },
};

export function callPlugin(call: PluginCall): Promise<PluginAnswer> {
  const { command, directory, namespace = 'shop', container = 'c1', netns = '/run/netns/none' } = call;
  const started = performance.now();
  const child = spawn(compiledPlugin(), [], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: {
      CNI_COMMAND: command,
      CNI_CONTAINERID: container,
      CNI_NETNS: netns,
      CNI_IFNAME: 'eth0',
      CNI_ARGS: `IgnoreUnknown=1;K8S_POD_NAMESPACE=${namespace};K8S_POD_NAME=p;K8S_POD_UID=u-${container}`,
    },
  });
  const configuration = {
    cniVersion: call.cniVersion ?? '0.4.0',
    name: 'net',
    type: 'ringfence-cni',
    directory,
    prevResult: RESULT,
  };
  child.stdin.end(call.input ?? JSON.stringify(configuration));
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (output += chunk));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, output, ms: performance.now() - started }));
  });
}
