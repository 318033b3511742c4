/**
 * A child process that is started again whenever it ends, until it is closed or the whole sandbox ends. Containerd, node
 * agents and name servers are kept alive by this and by nothing else.
 */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';

export interface SupervisedProcess {
  child(): ChildProcess;
  /** Why the last start failed, if the program could not be started at all. */
  startFailure(): string | undefined;
  close(): Promise<void>;
}

export interface Supervision {
  start(): ChildProcess;
  /** Aborted when the sandbox ends: from then on an end is no reason to start again. */
  ending?: AbortSignal;
  onRestart?(exitCode: number | null): void;
}

const restartPauseMs = 500;

export function superviseProcess({ start, ending, onRestart }: Supervision): SupervisedProcess {
  let isClosed = false;
  let startFailure: string | undefined;
  const isWanted = (): boolean => !isClosed && ending?.aborted !== true;
  const run = (): ChildProcess => {
    const started = start();
    started.on('error', (error) => (startFailure = error.message));
    started.on('exit', (exitCode) => {
      if (!isWanted()) return;
      onRestart?.(exitCode);
      setTimeout(() => {
        if (isWanted()) child = run();
      }, restartPauseMs);
    });
    return started;
  };
  let child = run();
  return {
    child: () => child,
    startFailure: () => startFailure,
    close: async () => {
      isClosed = true;
      if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
  };
}
