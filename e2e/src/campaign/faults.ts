/**
 * What a campaign does to the stack, each as one value: it begins, lasts, ends, and is over when its part says that it is well
 * again. Signals go to processes of this stack only, found by their ids.
 */
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Stack } from '@ringfence/up';

type StackProcess = ReturnType<Stack['processes']['get']>;

export interface Fault {
  readonly name: string;
  /** Faults of one subject never overlap. */
  readonly subject: string;
  readonly leastMs: number;
  readonly mostMs: number;
  /** What it needs of a stack that is well; called once, before anything suffers. */
  prepare?(): Promise<void>;
  begin(): Promise<void> | void;
  end(): Promise<void> | void;
  /** Resolves when it is healed; throws what is missing when nothing moves any more. */
  healed(): Promise<void>;
}

/** A restart under load, with both cores taken, needs its time; longer than this without an answer is being stuck. */
const RECOVERY_MS = 120_000;
const healedAtOnce = (): Promise<void> => Promise.resolve();

async function recovered(part: StackProcess): Promise<void> {
  const given = new AbortController();
  const tooLong = sleep(RECOVERY_MS, undefined, { signal: given.signal }).then(() => {
    throw new Error(`${part.spec.name} was not ready after ${RECOVERY_MS / 1000} s`);
  });
  try {
    await Promise.race([part.ready(), tooLong]);
  } finally {
    tooLong.catch(() => undefined);
    given.abort();
  }
}

export function killed(part: StackProcess): Fault {
  const { name } = part.spec;
  return {
    ...{ name: `kill ${name}`, subject: name, leastMs: 200, mostMs: 4_000 },
    begin: () => part.kill('SIGKILL'),
    end: async () => {
      while (part.isRunning) await sleep(20);
      part.start();
    },
    healed: () => recovered(part),
  };
}

export function frozen(part: StackProcess): Fault {
  const { name } = part.spec;
  let stopped: number[] = [];
  return {
    ...{ name: `freeze ${name}`, subject: name, leastMs: 1_500, mostMs: 9_000 },
    begin: () => {
      // A database's workers are processes of their own; an agent's kernel helper, or a node's runtime, is not its agent.
      stopped = part.spec.name === 'postgres' ? treeOf(part.pid ?? 0) : [part.pid ?? 0];
      signal(stopped, 'SIGSTOP');
    },
    end: () => signal(stopped, 'SIGCONT'),
    healed: () => recovered(part),
  };
}

/** An agent's children: the helper that speaks to the kernel. */
export function helperOf(agent: StackProcess, how: 'SIGKILL' | 'SIGSTOP'): Fault {
  const { name } = agent.spec;
  let helpers: number[] = [];
  return {
    ...{ name: `${how === 'SIGKILL' ? 'kill' : 'freeze'} helper of ${name}`, subject: name },
    ...{ leastMs: 500, mostMs: 5_000 },
    begin: () => {
      helpers = treeOf(agent.pid ?? 0).slice(1);
      signal(helpers, how);
    },
    end: () => {
      if (how === 'SIGSTOP') signal(helpers, 'SIGCONT');
    },
    healed: () => recovered(agent),
  };
}

export function hogs(count: number): Fault {
  let children: ReturnType<typeof spawn>[] = [];
  return {
    ...{ name: `${count} CPU hogs`, subject: 'machine', leastMs: 5_000, mostMs: 15_000 },
    begin: () => {
      children = Array.from({ length: count }, () => hog());
    },
    end: () => children.forEach((child) => child.kill('SIGKILL')),
    healed: healedAtOnce,
  };
}

/** A busy loop that ends with its parent. */
export function hog(): ReturnType<typeof spawn> {
  return spawn('setpriv', ['--pdeathsig', 'KILL', process.execPath, '-e', 'for(;;);'], { stdio: 'ignore' });
}

function signal(pids: readonly number[], name: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      if (pid > 0) process.kill(pid, name);
    } catch {
      // It has ended meanwhile.
    }
  }
}

/** The process and everything below it, parents first. */
function treeOf(pid: number): number[] {
  const parents = new Map(
    readdirSync('/proc')
      .filter((entry) => /^\d+$/.test(entry))
      .map((entry) => [Number(entry), parentOf(Number(entry))]),
  );
  const tree = [pid];
  for (const one of tree) for (const [child, parent] of parents) if (parent === one) tree.push(child);
  return tree;
}

function parentOf(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return 0;
  }
}
