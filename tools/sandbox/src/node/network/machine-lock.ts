/**
 * One lock per machine, for choosing address ranges: two sandboxes that start at once must not choose the same. It is held by a
 * child process and so ends with this process, however that dies.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';

// An existing folder serves as well as a file of our own, and nothing is left behind.
const lockTarget = '/run';
// Whoever holds it may share this machine with a dozen other stacks.
const lockTimeoutMs = 120_000;

export async function withMachineLock<Result>(work: () => Promise<Result>): Promise<Result> {
  const holder = spawn('flock', [lockTarget, 'cat'], { stdio: ['pipe', 'pipe', 'inherit'] });
  try {
    holder.stdin.write('held\n');
    // cat answers only when flock has let it start.
    await once(holder.stdout, 'data', { signal: AbortSignal.timeout(lockTimeoutMs) });
    return await work();
  } finally {
    holder.stdin.end();
  }
}
