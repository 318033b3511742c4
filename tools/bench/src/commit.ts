/** bench: events appended on the stack's own Postgres, synchronous as it runs, and what that costs */
import { tmpdir } from 'node:os';
import { parseArgs } from 'node:util';
import { ensureDatabase, openEventStore } from '@ringfence/event-store';
import type { EventStore } from '@ringfence/event-store';
import { onPostgres } from './bench-postgres.js';
import { ms, print } from './measure.js';
import type { Figure } from './measure.js';

const HELP = `npm run bench -- commit [--events N] [--data DIR]

  --events N   appended one by one, and again by eight writers (500)
  --data DIR   where the databases are made: the disk that is measured (the temporary directory)`;

interface Setting {
  readonly name: string;
  readonly flags: readonly string[];
}

const SETTINGS: readonly Setting[] = [
  { name: 'as the stack runs (fsync, synchronous commit)', flags: [] },
  { name: 'synchronous_commit=off', flags: ['-c', 'synchronous_commit=off'] },
  { name: 'fsync=off', flags: ['-c', 'fsync=off'] },
];

interface Measured {
  readonly median: number;
  readonly p99: number;
  /** Appends per second of eight writers. */
  readonly rate: number;
}

const actor = { kind: 'system', id: 'bench' } as const;
const meta = { actor, cluster: 'global' };
const WRITERS = 8;

async function append(store: EventStore, stream: string): Promise<number> {
  const from = performance.now();
  await store.append(stream, 'any', [{ type: 'BenchHappened', data: { text: 'x'.repeat(500) } }], meta);
  return performance.now() - from;
}

async function measure(store: EventStore, events: number): Promise<Measured> {
  const took: number[] = [];
  for (let i = 0; i < events; i += 1) took.push(await append(store, `alone-${i}`));
  took.sort((a, b) => a - b);
  const from = performance.now();
  await Promise.all(
    Array.from({ length: WRITERS }, async (_, writer) => {
      for (let i = 0; i < events / WRITERS; i += 1) await append(store, `writer-${writer}-${i}`);
    }),
  );
  const seconds = (performance.now() - from) / 1000;
  return {
    median: took[Math.floor(events / 2)] ?? 0,
    p99: took[Math.floor(events * 0.99)] ?? 0,
    rate: events / seconds,
  };
}

function under({ flags }: Setting, home: string, events: number): Promise<Measured> {
  return onPostgres({ home, flags }, async (url) => {
    const database = await ensureDatabase(url, 'bench');
    const store = await openEventStore({ url: database, service: 'bench', projections: [] });
    const measured = await measure(store, events);
    await store.close();
    return measured;
  });
}

const { values } = parseArgs({
  options: {
    events: { type: 'string', default: '500' },
    data: { type: 'string', default: tmpdir() },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) console.log(HELP);
else {
  const figures: Figure[] = [];
  let reference: number | undefined;
  for (const setting of SETTINGS) {
    const { median, p99, rate } = await under(setting, values.data, Number(values.events));
    reference ??= median;
    const ratio = `${(median / reference).toFixed(2)} of the first`;
    figures.push({
      what: setting.name,
      value: `median ${ms(median)}, p99 ${ms(p99)}, ${ratio}; ${WRITERS} writers ${rate.toFixed(0)}/s`,
    });
  }
  print(`${values.events} events of 500 bytes, each a transaction of its own`, figures);
}
