/** What makes a machine busy beside a benchmark: one endless loop per core. They end with us. */
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';

const LOOP = `setInterval(() => process.ppid === 1 && process.exit(), 500);
  (function burn() { const end = Date.now() + 100; while (Date.now() < end); setImmediate(burn); })();`;

export async function whileBusy(isBusy: boolean, work: () => Promise<void>): Promise<void> {
  const loops = Array.from({ length: isBusy ? availableParallelism() : 0 }, () =>
    spawn(process.execPath, ['-e', LOOP], { stdio: 'ignore' }),
  );
  try {
    await work();
  } finally {
    for (const loop of loops) loop.kill('SIGKILL');
  }
}
