/** bench: from somebody's change of a table in the kernel until it is right again; --busy keeps all cores busy beside it (root; --quick, --pods) */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { whileBusy } from './busy.js';
import { makePods } from './convergence-rate.js';
import { withBenchStack } from './convergence-stack.js';
import type { BenchStack } from './convergence-stack.js';
import { aRule, anElement, nft, podNamespacesOn, policyIn } from './kernel-table.js';
import { print, spread } from './measure.js';

const TARGET = 'target on a quiet machine: 100 ms';
const TABLE = ['inet', 'ringfence'];
/** Prepares what it needs to know, and then gives the command that does it: only that is timed. */
const TAMPERINGS: Readonly<Record<string, (netns: string) => Promise<string[]>>> = {
  'table flushed': () => Promise.resolve(['flush', 'table', ...TABLE]),
  'rule deleted': async (netns) => ['delete', 'rule', ...TABLE, 'p_in', 'handle', await aRule(netns)],
  'set element removed': async (netns) => {
    const { set, element } = await anElement(netns);
    return ['delete', 'element', ...TABLE, set, `{ ${element} }`];
  },
  'table deleted': () => Promise.resolve(['delete', 'table', ...TABLE]),
};
/** Who tampers with one place more than three times in half a minute is answered with a pause, on purpose. */
const NEXT_TO_ONE_PLACE_AFTER_MS = 11_000;
const HEALED_WITHIN_MS = 30_000;
const LOADED_WITHIN_MS = 60_000;

interface Target {
  readonly kind: 'Pod' | 'node';
  readonly netns: string;
  readonly todo: string[];
  last: number;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      busy: { type: 'boolean', default: false },
      pods: { type: 'string', default: '20' },
    },
  });
  const [pods, rounds] = values.quick ? [5, 1] : [Number(values.pods), 3];
  await withBenchStack(async (stack) => {
    await makePods(stack, pods, 'client');
    for (const { name } of stack.nodes) await toFull(stack, name);
    const targets = await targetsOf(stack, rounds);
    await whileBusy(values.busy, () => measure(targets, values.busy));
    print('Memory (resident, with children)', stack.agentMemory());
  });
}

async function toFull({ api }: BenchStack, node: string): Promise<void> {
  const found = await api.get<{ href: string; name: string }[]>(`/workloads?managed=true&name=${node}`);
  const href = found.find(({ name }) => name === node)?.href;
  if (href === undefined) throw new Error(`no paired node ${node}`);
  await api.put(href, { enforcement_mode: 'full', confirm: true });
}

async function targetsOf({ nodes }: BenchStack, rounds: number): Promise<Target[]> {
  const all = nodes.flatMap((node) => [
    ...podNamespacesOn(node).map((netns) => ({ kind: 'Pod' as const, netns })),
    { kind: 'node' as const, netns: node.netns ?? '' },
  ]);
  const targets: Target[] = [];
  for (const { kind, netns } of all) {
    const begun = performance.now();
    let policy = '';
    // The sandbox's own Pods are of no managed namespace.
    while (!policy.includes('mode=full') && performance.now() - begun < LOADED_WITHIN_MS) {
      policy = await policyIn(netns);
      if (kind === 'Pod' && policy === '') break;
    }
    const todo = Array.from({ length: rounds }, () => Object.keys(TAMPERINGS)).flat();
    if (policy.includes('mode=full')) targets.push({ kind, netns, todo, last: -NEXT_TO_ONE_PLACE_AFTER_MS });
    else if (kind === 'node') throw new Error(`${netns} is not in full mode`);
  }
  return targets;
}

async function measure(targets: readonly Target[], isBusy: boolean): Promise<void> {
  const count = (kind: Target['kind']): number => targets.filter((target) => target.kind === kind).length;
  console.log(
    `${new Date().toISOString().slice(0, 16)}Z, ${count('Pod')} Pods and ${count('node')} nodes in full mode${isBusy ? ', all cores busy' : ''}`,
  );
  console.log(`from the start of the nft that tampers to the first listing that is right; ${TARGET}\n`);
  const took = new Map<string, number[]>();
  for (let target = next(targets); target !== undefined; target = next(targets)) {
    const tampering = target.todo.shift() ?? '';
    await sleep(Math.max(0, target.last + NEXT_TO_ONE_PLACE_AFTER_MS - performance.now()));
    const healed = await tamper(target.netns, tampering);
    target.last = performance.now();
    const what = `${target.kind}: ${tampering}`;
    took.set(what, [...(took.get(what) ?? []), healed]);
  }
  for (const kind of ['Pod', 'node'] as const) {
    const figures = Object.keys(TAMPERINGS).map((tampering) => ({
      what: tampering,
      value: spread(took.get(`${kind}: ${tampering}`) ?? []),
    }));
    print(`In the namespace of a ${kind}`, figures);
  }
}

/** Whose turn was longest ago. */
function next(targets: readonly Target[]): Target | undefined {
  return targets
    .filter(({ todo }) => todo.length > 0)
    .reduce<Target | undefined>(
      (first, each) => (first && first.last <= each.last ? first : each),
      undefined,
    );
}

async function tamper(netns: string, tampering: string): Promise<number> {
  const right = await policyIn(netns);
  const command = (await TAMPERINGS[tampering]?.(netns)) ?? [];
  const begun = performance.now();
  await nft(netns, ...command);
  while ((await policyIn(netns)) !== right) {
    if (performance.now() - begun > HEALED_WITHIN_MS) throw new Error(`${netns} is not healed: ${tampering}`);
  }
  return performance.now() - begun;
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
});
