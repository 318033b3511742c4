/** The sandbox cluster as a process of its own, or a real cluster in its place. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { UpOptions } from './options.js';
import type { Processes } from './processes.js';
import { entryPoint } from './entry-points.js';

export interface SandboxNode {
  readonly name: string;
  /** Path of the node's network namespace; a simulated node has neither this nor a container runtime. */
  readonly netns?: string;
  readonly address: string;
  readonly containerdSocket?: string;
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

const START_TIMEOUT_MS = 90_000;

/** Stacks of different data directories run side by side. */
export function sandboxInstance(dataDirectory: string): string {
  return createHash('sha256').update(dataDirectory).digest('hex').slice(0, 6);
}

export async function startSandbox(options: UpOptions, processes: Processes): Promise<Sandbox> {
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
  });
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (Date.now() < deadline) {
    if (!sandbox.isRunning) throw new Error(`The sandbox cluster ended: ${sandbox.lastLines(2)}`);
    const description = readDescription(directory);
    if (description) return description;
    await sleep(100);
  }
  throw new Error(
    `The sandbox cluster is not ready after ${START_TIMEOUT_MS / 1000} s (log: ${sandbox.logFile})`,
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
