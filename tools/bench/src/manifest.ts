/** bench: an application of 3,000 objects, from its files to everything applied and labelled, phase by phase */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { deployApplication, freePort, parseOptions, podsReady, processorTimeMs } from '@ringfence/up';
import { Progress, Stack } from '@ringfence/up';
import type { RingfenceApi, UpOptions } from '@ringfence/up';
import { largeApplication } from './large-application.js';
import type { LargeApplication } from './large-application.js';
import { ms, print } from './measure.js';
import type { Figure } from './measure.js';

const HELP = `npm run bench -- manifest [--objects N] [--simulate]

  --objects N   in namespaces of 150 objects with 5 Pods each (3000)
  --simulate    no root needed: Pods that run nothing`;
const LABELLED_WITHIN_MS = 600_000;
const LOOK_EVERY_MS = 250;
const KEYS = ['app', 'env', 'role'];

interface Labelled {
  readonly namespace: string;
  readonly labels: readonly { readonly key: string }[];
}

/** In a temporary directory, the stack with next to nothing in it, then the application. */
async function measure(large: LargeApplication, simulate: boolean): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'ringfence-bench-'));
  const application = join(directory, 'application.yaml');
  writeFileSync(application, [...large.files.values()].join('---\n'));
  const small = join(directory, 'small.yaml');
  writeFileSync(small, 'apiVersion: v1\nkind: Namespace\nmetadata: { name: small }\n');
  const words = [
    '--data',
    directory,
    '--port',
    String(await freePort()),
    ...(simulate ? ['--simulate'] : []),
  ];
  const stack = new Stack(optionsOf([...words, '--manifest', small]), new Progress(say), () => undefined);
  const stop = (): Promise<void> =>
    stack.stop().finally(() => rmSync(directory, { recursive: true, force: true }));
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => void stop().finally(() => process.exit(130)));
  try {
    await run(stack, large, () => optionsOf([...words, '--manifest', application]));
  } finally {
    await stop();
  }
}

async function run(stack: Stack, large: LargeApplication, read: () => UpOptions): Promise<void> {
  const { api, sandbox, clusterId } = await stack.start();
  const worked = (): Map<string, number> =>
    new Map(stack.processes.list().map(({ spec, pid = 0 }) => [spec.name, processorTimeMs(pid)]));
  const [before, own] = [worked(), process.cpuUsage()];
  const progress = new Progress(say, { isTerminal: process.stdout.isTTY });
  const from = performance.now();
  const options = await progress.phase('Files read and checked', async () => read());
  const deployed = await deployApplication({ options, api, sandbox, clusterId, progress });
  await progress.phase('Everything labelled', (counted) => everythingLabelled(api, large, counted));
  const total = performance.now() - from;
  const after = worked();
  const used = process.cpuUsage(own);
  await progress.phase('Pods ready', () => podsReady({ sandbox, application: deployed }));
  print(`\nAn application of ${large.objects} objects, ${large.pods} Pods`, [
    { what: 'applied, ignored', value: `${deployed.outcome.applied}, ${deployed.outcome.ignored.length}` },
    ...progress.phases.map(({ name, ms: took }) => ({ what: name, value: ms(took) })),
    { what: 'accepted and labelled', value: `${(total / 1_000).toFixed(1)} s` },
    { what: 'processor time of this process', value: ms((used.user + used.system) / 1_000) },
    ...busiest(before, after),
  ]);
}

async function everythingLabelled(
  api: RingfenceApi,
  { labelled }: LargeApplication,
  counted: (done: number, total: number) => void,
): Promise<void> {
  const until = performance.now() + LABELLED_WITHIN_MS;
  for (let done = 0; done < labelled;) {
    if (performance.now() > until) throw new Error(`${done} of ${labelled} were labelled`);
    const all = await api.get<Labelled[]>('/kubernetes_workloads?max_results=100000');
    done = all.filter(({ namespace, labels }) => namespace.startsWith('team-') && isWhole(labels)).length;
    counted(done, labelled);
    if (done < labelled) await sleep(LOOK_EVERY_MS);
  }
}

const isWhole = (labels: Labelled['labels']): boolean =>
  KEYS.every((key) => labels.some((label) => label.key === key));

/** Until everything was labelled. */
function busiest(before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>): Figure[] {
  return [...after]
    .map(([name, now]) => ({ name, worked: now - (before.get(name) ?? 0) }))
    .sort((left, right) => right.worked - left.worked)
    .map(({ name, worked }) => ({ what: `processor time of ${name}`, value: ms(worked) }));
}

function optionsOf(argv: readonly string[]): UpOptions {
  const options = parseOptions(argv, process.cwd());
  if (options === 'help') throw new Error('unreachable');
  return options;
}

function say(text: string): void {
  process.stdout.write(text);
}

const { values } = parseArgs({
  options: {
    objects: { type: 'string', default: '3000' },
    simulate: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) console.log(HELP);
else await measure(largeApplication(Number(values.objects)), values.simulate);
