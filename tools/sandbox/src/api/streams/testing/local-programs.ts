/** Stands in for nodes in tests of streams: every container's programs are children of this process. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import type { ProgramRequest, RunningProgram } from '../containers.js';

export interface LocalPrograms {
  start(request: ProgramRequest): Promise<RunningProgram>;
  /** How many run right now. */
  running(): number;
}

export function localPrograms(): LocalPrograms {
  const running = new Set<number>();
  return {
    running: () => running.size,
    start: async ({ command: [file = '', ...args], hasInput }) => {
      const child: ChildProcess = spawn(file, args, {
        stdio: [hasInput ? 'pipe' : 'ignore', 'pipe', 'pipe'],
      });
      await once(child, 'spawn');
      const pid = child.pid as number;
      running.add(pid);
      child.on('exit', () => running.delete(pid));
      child.stdin?.on('error', () => undefined);
      return {
        input: child.stdin ?? undefined,
        output: child.stdout as Readable,
        errors: child.stderr as Readable,
        resize: () => Promise.resolve(),
        ended: once(child, 'close').then(([code]) => Number(code ?? 137)),
        kill: () => void child.kill('SIGKILL'),
      };
    },
  };
}
