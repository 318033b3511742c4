/** bench: units, groups and addresses from zero, and one change more, in the worlds of Antrea's and Felix' own benchmarks; `--help` */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { changesOf } from './policy/changes.js';
import { compute, messagesOf } from './policy/compute.js';
import { WORLDS } from './policy/worlds.js';
import { liveHeapMb, milliseconds, ms, peakRssMb, print, processorMilliseconds } from './measure.js';
import type { Figure } from './measure.js';

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
  let computed: ReturnType<typeof compute> | undefined;
  let time = 0;
  const processor = processorMilliseconds(() => (time = milliseconds(() => (computed = compute(shape)))));
  const [peak, kept] = [peakRssMb(), liveHeapMb() - before];
  const { counts, flushed } = computed!;
  let messages = { count: 0, bytes: 0 };
  const written = processorMilliseconds(() => (messages = messagesOf(flushed)));
  const { units, lists, groups, addresses } = counts;
  const figures: Figure[] = [
    { what: 'from zero', value: `${ms(time)} by the clock, ${ms(processor)} of processors` },
    { what: 'compared with', value: world.theirs },
    { what: 'units / rule lists / groups / addresses', value: [units, lists, groups, addresses].join(' / ') },
    {
      what: 'memory kept',
      value: `${kept.toFixed(0)} MB (process peak ${peak.toFixed(0)} MB, input included)`,
    },
    {
      what: 'as messages',
      value: `${messages.count}, ${(messages.bytes / 1e6).toFixed(1)} MB, ${ms(written)} of processors more`,
    },
    ...changesOf(computed!, shape, time),
  ];
  print(`${name} × ${times}: ${world.title}`, figures);
}

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
