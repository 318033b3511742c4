/** bench: what a packet costs under a Pod's table, and what changing one element of it takes (root; --rounds) */
import { setPriority } from 'node:os';
import { parseArgs } from 'node:util';
import { addresses, frameFrom, tables } from './kernel-tables.js';
import { CLIENT_PORT, openKernelBed } from './kernel-bed.js';
import type { KernelBed } from './kernel-bed.js';
import { elementChanges } from './kernel-changes.js';
import { print } from './measure.js';
import { loaded, PacketCannon } from './packet-cannon.js';
import type { Volley } from './packet-cannon.js';

/** Fired within less than a millisecond: on a busy machine many a volley is disturbed by nobody. */
const BATCH = 100;
const FRESH_BATCHES = 10;
const COLD_BATCHES = 200;
const ESTABLISHED_SHOTS = 40;
/** Of all that may come these do, again and again, but for the cold ones: those come once. */
const CLIENTS = 16;
/** On a busy machine the kernel is to be measured, not the scheduler. */
const PRECEDENCE = -19;
const [firstAddress = ''] = addresses();

interface Subject {
  readonly name: string;
  readonly bed: KernelBed;
  readonly cannon: PacketCannon;
  readonly fresh: number[];
  readonly cold: number[];
  readonly established: number[];
}

interface Volleys {
  readonly fresh: readonly Volley[];
  readonly cold: readonly Volley[];
  readonly established: Volley;
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { rounds: { type: 'string', default: '100' } } });
  const beds: KernelBed[] = [];
  setPriority(PRECEDENCE);
  try {
    const subjects = [...tables()].map(([name, script], i): Subject => {
      const bed = openKernelBed(i);
      beds.push(bed);
      bed.inPod(['nft', '-f', '-'], script);
      const cannon = new PacketCannon(bed.node, 'eth0');
      return { name, bed, cannon, fresh: [], cold: [], established: [] };
    });
    const volleys = makeVolleys();
    for (let round = 0; round < Number(values.rounds); round += 1) shootAtAll(subjects, volleys, round);
    report(subjects, Number(values.rounds));
    await elementChanges();
  } finally {
    for (const bed of beds) bed.close();
  }
}

function makeVolleys(): Volleys {
  const all = addresses();
  const step = Math.floor(all.length / (BATCH * COLD_BATCHES));
  const spread = all.filter((_, i) => i % step === 0);
  const volleys = (count: number, frame: (i: number) => Buffer): Volley[] =>
    Array.from({ length: count }, (_, n) =>
      loaded(Array.from({ length: BATCH }, (_, i) => frame(n * BATCH + i))),
    );
  const one = frameFrom(firstAddress);
  return {
    fresh: volleys(FRESH_BATCHES, (i) => frameFrom(all[i % CLIENTS] ?? '', CLIENT_PORT + 1 + i)),
    cold: volleys(COLD_BATCHES, (i) => frameFrom(spread[i] ?? '')),
    established: loaded(Array.from({ length: BATCH }, () => one)),
  };
}

/** Everybody once per round, whoever begins: what else the machine does hits all alike. */
function shootAtAll(subjects: readonly Subject[], volleys: Volleys, round: number): void {
  subjects.forEach((_, i) => {
    const subject = subjects[(i + round) % subjects.length];
    if (subject === undefined) return;
    const { bed, cannon, fresh, cold, established } = subject;
    bed.forget();
    fresh.push(...volleys.fresh.map((volley) => cannon.fire(volley)));
    bed.answer(firstAddress);
    for (let shot = 0; shot < ESTABLISHED_SHOTS; shot += 1)
      established.push(cannon.fire(volleys.established));
    if (round % 5 !== 0) return;
    bed.forget();
    cold.push(...volleys.cold.map((volley) => cannon.fire(volley)));
    bed.forget();
  });
}

function report(subjects: readonly Subject[], rounds: number): void {
  const [floor] = subjects;
  if (floor === undefined) return;
  const against = (kind: 'fresh' | 'cold' | 'established') => (subject: Subject) => {
    const [own, base] = [best(subject[kind]), best(floor[kind])];
    return subject === floor ? `${own.toFixed(0)}` : `+${(own - base).toFixed(0)}`;
  };
  const columns = [against('fresh'), against('cold'), against('established')];
  print(
    `${new Date().toISOString().slice(0, 16)}Z, ns a packet, 10th percentile of ${rounds} interleaved rounds: new connection, the same cold, established`,
    subjects.map((subject) => ({
      what: subject.name,
      value: columns.map((column) => column(subject).padStart(9)).join(''),
    })),
  );
}

function best(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 10)] ?? Number.NaN;
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
});
