/** bench: from the Kubernetes event of a new Pod to the last kernel that must know it, at 1, 10 and 50 Pods a second (root; --quick) */
import { parseArgs } from 'node:util';
import { removePods, runRate } from './convergence-rate.js';
import type { RateResult, Workload } from './convergence-rate.js';
import { withBenchStack } from './convergence-stack.js';
import type { BenchStack } from './convergence-stack.js';
import { ms, print } from './measure.js';
import type { Figure } from './measure.js';

const RATES: readonly Workload[] = [
  { perSecond: 1, pods: 20 },
  { perSecond: 10, pods: 100 },
  { perSecond: 50, pods: 200 },
];
const QUICK: readonly Workload[] = [
  { perSecond: 1, pods: 5 },
  { perSecond: 10, pods: 20 },
];
const PHASES = {
  address: 'address: observed until its address is known',
  own: 'own: from there until its own rules are in',
  peers: 'peers: from the address until the last agent knows it',
  total: 'total: observed until the last agent knows it',
} as const;

function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}

function spread(seconds: readonly number[]): string {
  const [p50, p90, p99] = [0.5, 0.9, 0.99].map((part) => ms(quantile(seconds, part) * 1_000));
  return `p50 ${p50?.padStart(8)}   p90 ${p90?.padStart(8)}   p99 ${p99?.padStart(8)}`;
}

function figuresOf({ workload, converged, runningSeconds, askedSeconds, allSeconds }: RateResult): Figure[] {
  const phases = (Object.keys(PHASES) as (keyof typeof PHASES)[]).map((phase) => ({
    what: PHASES[phase],
    value: spread(converged.map(({ seconds }) => seconds[phase])),
  }));
  const total = quantile(
    converged.map(({ seconds }) => seconds.total),
    0.5,
  );
  const running = quantile(runningSeconds, 0.5);
  return [
    ...phases,
    { what: 'the sandbox: first sight until the Pod runs', value: spread(runningSeconds) },
    { what: 'total ÷ the sandbox’s own time, of the medians', value: (total / running).toFixed(2) },
    {
      what: 'asked for / everything in force after',
      value: `${askedSeconds.toFixed(1)} s (${(workload.pods / askedSeconds).toFixed(1)} a second) / ${allSeconds.toFixed(1)} s`,
    },
  ];
}

async function measure(stack: BenchStack, rates: readonly Workload[]): Promise<void> {
  console.log(
    `${new Date().toISOString().slice(0, 16)}Z, ${stack.nodes.length} nodes, bare Pods (each a workload of its own) of one label set, a server on every node admits them, mode full\n`,
  );
  await runRate(stack, { perSecond: 2, pods: 4 }, 'warm');
  await removePods(stack);
  print('Memory before (resident, with children)', stack.agentMemory());
  for (const workload of rates) {
    const { perSecond, pods } = workload;
    const result = await runRate(stack, workload, `client-${perSecond}`);
    print(`${perSecond} Pods a second, ${pods} Pods`, figuresOf(result));
    print(`Memory with ${pods} more Pods (resident, with children)`, stack.agentMemory());
    await removePods(stack);
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { quick: { type: 'boolean', default: false } } });
  await withBenchStack((stack) => measure(stack, values.quick ? QUICK : RATES));
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
});
