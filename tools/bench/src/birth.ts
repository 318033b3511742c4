/** bench: how long a new Pod waits for its table, and what the plugin costs; --busy keeps all cores busy beside it (root; --quick) */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { removePods, runRate } from './convergence-rate.js';
import type { Workload } from './convergence-rate.js';
import { startBenchStack } from './convergence-stack.js';
import type { Birth } from './convergence-stack.js';
import { ms, print } from './measure.js';
import type { Figure } from './measure.js';

const WORKLOADS: readonly Workload[] = [
  { perSecond: 1, pods: 20 },
  { perSecond: 5, pods: 50 },
];
const QUICK: readonly Workload[] = [{ perSecond: 1, pods: 5 }];
/** The plugin calls when a Pod has its address, and is answered when its table is there. */
const WAITED = 'table present after the address';
const RAN = 'first sight until the Pod runs';

function spread(seconds: readonly number[]): string {
  const sorted = [...seconds].sort((a, b) => a - b);
  const at = (part: number): string =>
    ms(
      (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN) * 1_000,
    ).padStart(8);
  return `p50 ${at(0.5)}   p99 ${at(0.99)}   max ${at(1)}   of ${sorted.length}`;
}

function outcomes(births: readonly Birth[]): string {
  const counts = new Map<string, number>();
  for (const { outcome } of births) counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  return [...counts].map(([outcome, count]) => `${outcome} ${count}`).join(', ');
}

async function measure(cni: 'auto' | 'off', workloads: readonly Workload[]): Promise<void> {
  process.env['RINGFENCE_CNI'] = cni;
  const stack = await startBenchStack();
  const end = (): void => void stack.stop().finally(() => process.exit(130));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, end);
  try {
    await runRate(stack, { perSecond: 2, pods: 4 }, 'warm');
    await removePods(stack);
    for (const workload of workloads) {
      const before = stack.births().length;
      const { runningSeconds } = await runRate(stack, workload, `client-${workload.perSecond}`);
      const births = stack.births().slice(before);
      const waited: Figure[] = [
        { what: WAITED, value: spread(births.map(({ seconds }) => seconds)) },
        { what: 'what they got', value: outcomes(births) },
      ];
      const figures = [...(cni === 'auto' ? waited : []), { what: RAN, value: spread(runningSeconds) }];
      print(
        `${workload.perSecond} Pods a second, ${cni === 'auto' ? 'with' : 'without'} the plugin`,
        figures,
      );
      await removePods(stack);
    }
  } finally {
    process.off('SIGINT', end).off('SIGTERM', end);
    await stack.stop();
  }
}

/** One endless loop per core; they end with us. */
function burners(): ChildProcess[] {
  const loop = `setInterval(() => process.ppid === 1 && process.exit(), 500);
    (function burn() { const end = Date.now() + 100; while (Date.now() < end); setImmediate(burn); })();`;
  return Array.from({ length: availableParallelism() }, () =>
    spawn(process.execPath, ['-e', loop], { stdio: 'ignore' }),
  );
}

async function main(): Promise<void> {
  const options = {
    quick: { type: 'boolean', default: false },
    busy: { type: 'boolean', default: false },
  } as const;
  const { values } = parseArgs({ options });
  if (process.getuid?.() !== 0) throw new Error('this benchmark enforces in real kernels: run it as root');
  const beside = values.busy ? burners() : [];
  console.log(
    `${new Date().toISOString().slice(0, 16)}Z, mode full${values.busy ? ', all cores busy' : ''}\n`,
  );
  try {
    for (const cni of ['auto', 'off'] as const) await measure(cni, values.quick ? QUICK : WORKLOADS);
  } finally {
    for (const burner of beside) burner.kill('SIGKILL');
  }
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
});
