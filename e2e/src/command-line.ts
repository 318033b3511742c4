/** `ringfence` and `kubectl` as a user runs them, towards the stack of the scenarios. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { access } from './world.js';

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, '..', '..');

/** What it writes to standard output; another exit code than 0 is an error. */
export async function ringfence(...args: string[]): Promise<string> {
  return (await ran(args)).stdout;
}

export interface Said {
  code: number;
  /** What it writes to standard error comes last. */
  words: string;
}

export async function ringfenceSaid(...args: string[]): Promise<Said> {
  return told(ran(args));
}

function ran(args: readonly string[]): Promise<{ stdout: string; stderr: string }> {
  const env = {
    ...process.env,
    RINGFENCE_URL: access.url,
    RINGFENCE_ORG_ID: '1',
    RINGFENCE_API_KEY: access.key,
    RINGFENCE_API_SECRET: access.secret,
    RINGFENCE_CLUSTER_ID: access.clusterId,
  };
  const program = join(ROOT, 'tools/cli/bin/ringfence.mjs');
  return run(process.execPath, [program, ...args], { env, cwd: ROOT });
}

export async function kubectl(...args: string[]): Promise<Said> {
  const env = { ...process.env, KUBECONFIG: access.kubeconfig };
  return told(run('kubectl', args, { env, timeout: 60_000 }));
}

async function told(running: Promise<{ stdout: string; stderr: string }>): Promise<Said> {
  try {
    const { stdout, stderr } = await running;
    return { code: 0, words: stdout + stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: unknown; stdout: string; stderr: string };
    if (typeof code !== 'number') throw error;
    return { code, words: stdout + stderr };
  }
}
