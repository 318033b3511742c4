/** bench: units, groups and addresses from zero, and one change more, in the worlds of Antrea's and Felix' own benchmarks; `--help` */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { changesOf } from './policy/changes.js';
import { compute, messagesOf } from './policy/compute.js';
import { WORLDS } from './policy/worlds.js';
import type { Shape } from './policy/shape.js';
import { liveHeapMb, ms, peakRssMb, print, took } from './measure.js';
import type { Took } from './measure.js';

const USAGE = `npm run bench -- policy [--world NAME]… [--times 1,3,10]

  Each world in a process of its own. Worlds:
${Object.entries(WORLDS)
  .map(([name, { title }]) => `    ${name.padEnd(18)} ${title}`)
  .join('\n')}`;

/** Of a world ten times its size there are millions of objects. */
const HEAP_MB = 16_384;

function measure(name: string, times: number): void {
  const world = WORLDS[name]!;
  const shape = world.make(times);
  const before = liveHeapMb();
  let computed = compute(NOTHING);
  const first = took(() => (computed = compute(shape)));
  const [peak, kept] = [peakRssMb(), liveHeapMb() - before];
  const { units, lists, groups, addresses } = computed.counts;
  let messages = { count: 0, bytes: 0 };
  const written = took(() => (messages = messagesOf(computed)));
  const changes = changesOf(computed, shape, first.clock);
  computed = compute(NOTHING);
  const again = agains(() => void compute(shape));
  print(`${name} × ${times}: ${world.title}`, [
    { what: 'from zero, first of a new process', value: words(first) },
    { what: `once compiled, median of ${again.runs}`, value: words(again) },
    { what: 'compared with', value: world.theirs },
    { what: 'units / rule lists / groups / addresses', value: [units, lists, groups, addresses].join(' / ') },
    {
      what: 'memory kept',
      value: `${kept.toFixed(0)} MB (process peak ${peak.toFixed(0)} MB, input included)`,
    },
    { what: 'messages', value: `${messages.count}, ${(messages.bytes / 1e6).toFixed(1)} MB` },
    { what: 'the whole way to messages, new process', value: words(sum(first, written)) },
    ...changes,
    { what: 'process peak after all of this', value: `${peakRssMb().toFixed(0)} MB` },
  ]);
}

const NOTHING: Shape = {
  ...{ catalogue: { types: [], labels: [] }, labelSets: [], ruleSets: [], ipLists: [], endpoints: [] },
};
const words = ({ clock, processor }: Took): string =>
  `${ms(clock)} by the clock, ${ms(processor)} of processors`;
const sum = (a: Took, b: Took): Took => ({
  clock: a.clock + b.clock,
  processor: a.processor + b.processor,
});

/** As a process that has done it before takes, and as benchmarks of what is compiled beforehand measure. */
function agains(work: () => void): Took & { readonly runs: number } {
  const all: Took[] = [];
  let spent = 0;
  while (all.length < LEAST_RUNS || (spent < RUNS_MS && all.length < MOST_RUNS)) {
    liveHeapMb();
    const one = took(work);
    all.push(one);
    spent += one.clock;
  }
  const median = (of: keyof Took): number =>
    all.map((one) => one[of]).sort((a, b) => a - b)[all.length >> 1]!;
  return { clock: median('clock'), processor: median('processor'), runs: all.length };
}

const [LEAST_RUNS, MOST_RUNS, RUNS_MS] = [3, 21, 5_000];

function ended(name: string, times: number): Promise<number> {
  const child = fork(
    fileURLToPath(import.meta.url),
    ['--in-this-process', '--world', name, '--times', `${times}`],
    {
      execArgv: ['--expose-gc', `--max-old-space-size=${HEAP_MB}`],
    },
  );
  return new Promise((resolve) => child.on('exit', (code) => resolve(code ?? 1)));
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      world: { type: 'string', multiple: true, default: Object.keys(WORLDS) },
      times: { type: 'string', default: '1' },
      help: { type: 'boolean', short: 'h', default: false },
      'in-this-process': { type: 'boolean', default: false },
    },
  });
  const scales = values.times.split(',').map(Number);
  const unknown = values.world.filter((name) => !(name in WORLDS));
  if (values.help || unknown.length > 0 || !scales.every((times) => times >= 1)) {
    console.log(unknown.length > 0 ? `There is no world "${unknown.join(' ')}".\n\n${USAGE}` : USAGE);
    process.exitCode = values.help ? 0 : 2;
    return;
  }
  for (const name of values.world)
    for (const times of scales)
      if (values['in-this-process']) measure(name, times);
      else if ((await ended(name, times)) !== 0) process.exitCode = 1;
}

await main();
