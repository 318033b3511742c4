/** What nodes were told is known to whoever comes after a kill, at whatever moment: sequences at random, against a store that was never lost. */
import { appendFileSync, copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NodeSettings, Unit } from '@ringfence/contracts';
import fc from 'fast-check';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ActorStore } from '../../domain/actor-store.js';
import { ANEW } from '../../domain/stored-state.js';
import type { StoredPolicy, ToldRecord, ToldUnreadable } from '../../domain/stored-state.js';
import { allow, AT, catalogue, countsOf, inLists, profile, units, WEB_GROUP } from '../../testing/facts.js';
import { StateFiles } from './state-files.store.js';
import { StateKeeper } from './state-keeper.js';

const OPTIONS = { cluster: 'c-1', readinessTimerSeconds: 15 };

let home: string;
/** Of one case, with a directory for each life in it. */
let disk: string;
let lives = 0;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'ringfence-log-'));
});
afterEach(() => rmSync(home, { recursive: true }));

type Said = ToldRecord | ToldUnreadable;

/** As the stream of the control plane has it: the latest of everything. */
class Stream {
  private readonly latest = new Map<string, Said>();
  private flush = 1;

  all(): Said[] {
    return [...this.latest.values()];
  }

  say(record: Said): Said {
    const subject = `${record.kind} ${record.token}`;
    this.latest.delete(subject);
    this.latest.set(subject, record);
    return record;
  }

  /** It went while nobody listened, and its removal is told no more. */
  lose(unit: Unit): void {
    for (const { kind, token } of removed(unit)) this.latest.delete(`${kind} ${token}`);
  }

  get head() {
    return { flush: this.flush, policyVersion: this.flush };
  }

  commit(): Said {
    const live = (kind: string): number =>
      this.all().filter((said) => said.kind === kind && ('unreadable' in said || said.told !== null)).length;
    const counts = { ...countsOf(live('unit'), live('group')), list: live('list') };
    const told = { ...this.head, at: AT, counts, hash: '' };
    this.flush += 1;
    return this.say({ kind: 'commit', token: 'commit', told });
  }
}

type Step = (stream: Stream) => readonly Said[];
const removed = (unit: Unit): ToldRecord[] => [
  { kind: 'list', token: inLists(unit).list.id, told: null },
  { kind: 'unit', token: unit.labelSet.id, told: null },
];
const said = ({ head }: Stream, one: Unit): ToldRecord[] => {
  const { unit, list } = inLists(one);
  return [
    { kind: 'list', token: list.id, told: { ...head, list } },
    { kind: 'unit', token: unit.labelSet.id, told: { ...head, unit } },
  ];
};
const anyUnit = fc.record({ unit: fc.constantFrom(...units), port: fc.nat(3), isGone: fc.boolean() }).map(
  ({ unit, port, isGone }): Step =>
    (stream) =>
      (isGone ? removed(unit) : said(stream, { ...unit, ingress: [allow(WEB_GROUP, port)] })).map((record) =>
        stream.say(record),
      ),
);
const anySetting = fc
  .record({ kind: fc.constantFrom('profile', 'node'), isGone: fc.boolean() })
  .map(({ kind, isGone }): Step => (stream) => {
    const node: NodeSettings = { node: 'node-1', workload: 'w', labels: [], mode: 'full' };
    if (kind === 'node') return [stream.say({ kind, token: 'w', told: isGone ? null : node })];
    return [stream.say({ kind: 'profile', token: 'p', told: isGone ? null : profile('shop') })];
  });
const commit = fc.constant<Step>((stream) => [stream.commit()]);
const anyUnreadable = fc
  .constantFrom(...units)
  .map(({ labelSet: { id } }): Step => (stream) => [
    stream.say({ kind: 'unit', token: id, unreadable: true }),
  ]);
type Fate = 'killed' | 'torn' | 'stopped' | 'forgotten';
const anyFate = fc.constantFrom<Fate>('killed', 'torn', 'stopped', 'forgotten');
const anyStep = fc.oneof(
  { weight: 3, arbitrary: anyUnit },
  { weight: 3, arbitrary: commit },
  { weight: 2, arbitrary: anyFate },
  { weight: 1, arbitrary: anySetting },
  { weight: 1, arbitrary: anyUnreadable },
);

/** `most`: bytes of a log; so few that the whole policy is written again and again, or more than it ever has. */
const open = (most: number): StateKeeper => {
  const files = new StateFiles(join(disk, `${lives}`), () => undefined);
  return new StateKeeper(files, OPTIONS, pino({ level: 'silent' }), most);
};
/** While files are replaced: logs first, for a policy that is newer than they are needs none of them. */
function copied(from: string, to: string): void {
  mkdirSync(to);
  const logs = readdirSync(from).filter((name) => name.endsWith('.jsonl'));
  for (const name of [...logs, 'policy.json'])
    try {
      copyFileSync(join(from, name), join(to, name));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
}

/** The next one, on what this one leaves. */
async function after(keeper: StateKeeper, fate: Fate, most: number): Promise<StateKeeper> {
  if (fate === 'forgotten') {
    keeper.store.forgotten();
    keeper.told(ANEW);
    return keeper;
  }
  const here = join(disk, `${lives}`);
  if (fate === 'stopped') await keeper.close();
  copied(here, join(disk, `${(lives += 1)}`));
  if (fate !== 'stopped') await keeper.close();
  const log = readdirSync(join(disk, `${lives}`))
    .filter((name) => name.startsWith('policy-log'))
    .sort()
    .at(-1);
  if (fate === 'torn' && log !== undefined) appendFileSync(join(disk, `${lives}`, log), '{"kind":"unit","to');
  return open(most);
}

function tell(keeper: StateKeeper, all: readonly Said[]): Promise<void> {
  for (const said of all) {
    const { kind, token } = said;
    if ('unreadable' in said) keeper.store.toldUnreadable(kind, token);
    else keeper.store.told(kind, token, said.told as never);
    keeper.told(said);
  }
  return keeper.toldIsKept();
}

/** In an order of its own: that of a map is its history. What could not be read is of its reader alone. */
function inOrder(policy: StoredPolicy | null): unknown {
  if (policy === null) return null;
  const { unreadable: _, units: ofUnits, lists, nodes, ...rest } = policy;
  const byKey = (entries: readonly (readonly [string, unknown])[]) => Object.fromEntries(entries);
  return { ...rest, units: byKey(ofUnits), lists: byKey(lists), nodes: byKey(nodes) };
}

it('is what it was, however often it was killed, and the same as nobody was ever killed once all is told again', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(anyStep, { minLength: 10, maxLength: 30 }),
      fc.constantFrom(0, 1_000, 1e9),
      async (steps, most) => {
        disk = mkdtempSync(join(home, 'case-'));
        const stream = new Stream();
        const lost = new ActorStore(OPTIONS);
        let keeper = open(most);
        await tell(keeper, [stream.say({ kind: 'labels', token: '', told: catalogue })]);
        for (const step of [...steps, 'killed' as const]) {
          if (typeof step === 'function') await tell(keeper, step(stream));
          else {
            const before = keeper.store.storedPolicy();
            keeper = await after(keeper, step, most);
            expect(inOrder(keeper.store.storedPolicy())).toEqual(inOrder(before));
            if (step === 'torn') stream.lose(units[0]!);
            await tell(keeper, stream.all());
          }
        }
        // What could not be read has left its last good record with those who had one.
        const last = units.flatMap((unit) => said(stream, unit)).map((record) => stream.say(record));
        await tell(keeper, [...last, stream.commit()]);
        for (const one of stream.all()) if ('told' in one) lost.told(one.kind, one.token, one.told as never);
        const whole = { ...lost.storedPolicy()!, unpaired: keeper.store.unpairedNodes() };
        expect(inOrder(keeper.store.storedPolicy())).toEqual(inOrder(whole));
        await keeper.close();
      },
    ),
    { numRuns: 60 },
  );
});
