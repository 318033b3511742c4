/** The sandbox cluster as a process of its own, or a real cluster in its place. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { untilDone } from '@ringfence/testing';
import type { UpOptions } from './options.js';
import type { Processes } from './processes.js';
import { entryPoint } from './entry-points.js';

export interface SandboxNode {
  readonly name: string;
  /** Path of the node's network namespace; a simulated node has neither this nor a container runtime. */
  readonly netns?: string;
  readonly address: string;
  readonly containerdSocket?: string;
  /** The node's CNI directories, and where its runtime keeps the network namespaces of Pods. */
  readonly cni?: { readonly config: string; readonly binaries: string; readonly namespaces: string };
  readonly machineIdPath: string;
}

export interface Sandbox {
  readonly instance: string;
  readonly kubeconfig: string;
  /** What the sandbox says about itself, for whoever stands in for its nodes; empty for a real cluster. */
  readonly descriptionFile: string;
  /** Where the nodes reach servers of this machine. */
  readonly hostAddress: string;
  readonly nodes: readonly SandboxNode[];
}

/** Stacks of different data directories run side by side. */
export function sandboxInstance(dataDirectory: string): string {
  return createHash('sha256').update(dataDirectory).digest('hex').slice(0, 6);
}

export async function startSandbox(
  options: UpOptions,
  processes: Processes,
  onWaiting?: (words: string) => void,
): Promise<Sandbox> {
  if (options.kubeconfig)
    return {
      instance: '',
      kubeconfig: options.kubeconfig,
      descriptionFile: '',
      hostAddress: '127.0.0.1',
      nodes: [],
    };
  const directory = join(options.dataDirectory, 'sandbox');
  const sandbox = processes.start({
    name: 'sandbox',
    command: process.execPath,
    args: [
      entryPoint('tools/sandbox'),
      ...['--nodes', String(options.nodes), '--data', directory],
      ...['--instance', sandboxInstance(options.dataDirectory)],
      ...(options.simulate ? ['--simulate'] : []),
      ...(options.overlay ? ['--overlay'] : []),
    ],
    stopTimeoutMs: 30_000,
    cleanUpArgs: [
      entryPoint('tools/sandbox'),
      '--clean',
      '--instance',
      sandboxInstance(options.dataDirectory),
    ],
  });
  return untilDone<Sandbox>(
    async () => {
      if (!sandbox.isRunning) throw new Error(`The sandbox cluster ended: ${sandbox.lastLines(2)}`);
      const description = readDescription(directory);
      if (description) return { done: description };
      return { missing: sandbox.lastLines(1) || 'it has said nothing yet', sign: sandbox.effort() };
    },
    {
      what: `the sandbox cluster (log: ${sandbox.logFile})`,
      ...(onWaiting && { onWaiting: (words) => onWaiting(`sandbox cluster: ${words}`) }),
    },
  );
}

/** `sandbox.json` is written when the nodes are ready, never before. */
function readDescription(directory: string): Sandbox | null {
  const descriptionFile = join(directory, 'sandbox.json');
  try {
    const described = JSON.parse(readFileSync(descriptionFile, 'utf8')) as Omit<
      Sandbox,
      'kubeconfig' | 'descriptionFile'
    >;
    return { ...described, descriptionFile, kubeconfig: join(directory, 'kubeconfig') };
  } catch {
    return null;
  }
}
