/** bench: how long a new Pod waits for its table, and what the plugin costs; --busy keeps all cores busy beside it (root; --quick) */
import { parseArgs } from 'node:util';
import { whileBusy } from './busy.js';
import { removePods, runRate } from './convergence-rate.js';
import type { Workload } from './convergence-rate.js';
import { withBenchStack } from './convergence-stack.js';
import type { Birth } from './convergence-stack.js';
import { print, spread } from './measure.js';
import type { Figure } from './measure.js';

const WORKLOADS: readonly Workload[] = [
  { perSecond: 1, pods: 20 },
  { perSecond: 5, pods: 50 },
];
const QUICK: readonly Workload[] = [{ perSecond: 1, pods: 5 }];
/** The plugin calls when a Pod has its address, and is answered when its table is there. */
const WAITED = 'table present after the address';
const RAN = 'first sight until the Pod runs';

function outcomes(births: readonly Birth[]): string {
  const counts = new Map<string, number>();
  for (const { outcome } of births) counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  return [...counts].map(([outcome, count]) => `${outcome} ${count}`).join(', ');
}

async function measure(cni: 'auto' | 'off', workloads: readonly Workload[]): Promise<void> {
  process.env['RINGFENCE_CNI'] = cni;
  await withBenchStack(async (stack) => {
    await runRate(stack, { perSecond: 2, pods: 4 }, 'warm');
    await removePods(stack);
    for (const workload of workloads) {
      const before = stack.births().length;
      const { runningSeconds } = await runRate(stack, workload, `client-${workload.perSecond}`);
      const births = stack.births().slice(before);
      const waited: Figure[] = [
        { what: WAITED, value: spread(births.map(({ seconds }) => seconds * 1_000)) },
        { what: 'what they got', value: outcomes(births) },
      ];
      const ran = { what: RAN, value: spread(runningSeconds.map((seconds) => seconds * 1_000)) };
      print(
        `${workload.perSecond} Pods a second, ${cni === 'auto' ? 'with' : 'without'} the plugin`,
        cni === 'auto' ? [...waited, ran] : [ran],
      );
      await removePods(stack);
    }
  });
}

async function main(): Promise<void> {
  const options = {
    quick: { type: 'boolean', default: false },
    busy: { type: 'boolean', default: false },
  } as const;
  const { values } = parseArgs({ options });
  console.log(
    `${new Date().toISOString().slice(0, 16)}Z, mode full${values.busy ? ', all cores busy' : ''}\n`,
  );
  await whileBusy(values.busy, async () => {
    for (const cni of ['auto', 'off'] as const) await measure(cni, values.quick ? QUICK : WORKLOADS);
  });
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
});
