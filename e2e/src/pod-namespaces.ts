/** Network namespaces of the sandbox's Pods: the sandbox keeps them by node. */
import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The network namespace that holds the address. */
export async function netnsHolding(root: string, address: string): Promise<string> {
  for (const netns of podNamespaces(root)) {
    const { stdout } = await run('nsenter', [`--net=${netns}`, 'ip', '-4', '-o', 'addr']).catch(() => ({
      stdout: '',
    }));
    if (stdout.includes(` ${address}/`)) return netns;
  }
  throw new Error(`no network namespace has ${address}`);
}

function podNamespaces(root: string): string[] {
  const nodes = readdirSync(root, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return nodes
    .map(({ name }) => join(root, name, 'io.containerd.grpc.v1.cri', 'netns'))
    .filter((directory) => existsSync(directory))
    .flatMap((directory) => readdirSync(directory).map((name) => join(directory, name)));
}
