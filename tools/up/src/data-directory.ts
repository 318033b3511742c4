/**
 * One local stack a data directory. A stack that was killed leaves its claim behind; the next start sees that its
 * owner is gone, and cleans up what the kernel still holds of it.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { entryPoint } from './entry-points.js';
import { sandboxInstance } from './sandbox.js';

const CLEAN_UP_TIMEOUT_MS = 300_000;

interface Claim {
  readonly pid: number;
  /** Start time of the process in clock ticks since boot: a reused pid has another. */
  readonly startedAt: string;
}

export async function claimDataDirectory(directory: string): Promise<() => void> {
  const file = join(directory, 'claim.json');
  const before = readClaim(file);
  if (before && startTime(before.pid) === before.startedAt) {
    throw new Error(
      `A stack runs already in ${directory} (process ${before.pid}): end it, or choose another with --data DIR.`,
    );
  }
  if (before) cleanUpKilled(directory);
  const claim: Claim = { pid: process.pid, startedAt: startTime(process.pid) ?? '' };
  writeFileSync(file, JSON.stringify(claim));
  return () => rmSync(file, { force: true });
}

function readClaim(file: string): Claim | null {
  if (!existsSync(file)) return null;
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Claim;
  } catch {
    return { pid: 0, startedAt: '' };
  }
}

/** Null for a process that is gone, or that has ended and only waits for its parent to notice. */
function startTime(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? null : (fields[19] ?? null);
  } catch {
    return null;
  }
}

/** Child processes end by themselves with their launcher; namespaces, mounts, bridges and tables do not. */
function cleanUpKilled(directory: string): void {
  if (process.getuid?.() !== 0) return;
  const args = [entryPoint('tools/sandbox'), '--clean', '--instance', sandboxInstance(directory)];
  const { status, stderr } = spawnSync(process.execPath, args, {
    encoding: 'utf8',
    timeout: CLEAN_UP_TIMEOUT_MS,
  });
  if (status !== 0)
    throw new Error(
      `What a killed stack left behind could not be removed: ${stderr.trim().split('\n').at(-1)}`,
    );
}
