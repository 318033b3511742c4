/** bench: what a node waits for until what clas-cache tells it survives a kill, with the policy of 10,000 Pods, and a restart for it */
import { mkdtempSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PolicyLog } from '@ringfence/clas-cache/policy-log';
import type { Unit } from '@ringfence/contracts';
import { milliseconds, ms, print, spread } from './measure.js';
import { AT, everything } from './span-world.js';

const [LABEL_SETS, CHANGES] = [2_000, 500];
const HEAD = { form: 1, cluster: 'bench' };
type Record = Parameters<PolicyLog['add']>[0];

const head = { flush: 1, policyVersion: 1 };
const counts = { unit: LABEL_SETS, list: LABEL_SETS, group: 0, endpoint: 0 };
const commit: Record = { kind: 'commit', token: '', told: { ...head, at: AT, counts, hash: '' } };
function recordsOf({ labelSet, mode, ingress, egress }: Unit): Record[] {
  const list = { id: labelSet.id.replace('ls-', 'r-'), ingress, egress };
  return [
    { kind: 'list', token: list.id, told: { ...head, list } },
    { kind: 'unit', token: labelSet.id, told: { ...head, unit: { labelSet, mode, lists: [list.id] } } },
  ];
}

async function took(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
}

function keep(log: PolicyLog, records: readonly Record[]): Promise<number> {
  return took(() => {
    for (const record of [...records, commit]) log.add(record);
    return log.written();
  });
}

/** As it would be if the whole policy were written with every change. */
function writeWhole(directory: string, records: readonly Record[]): Promise<number> {
  return took(async () => {
    const file = await open(join(directory, 'whole.json'), 'w');
    await file.writeFile(JSON.stringify(records));
    await file.datasync();
    await file.close();
  });
}

async function main(): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'ringfence-bench-'));
  try {
    const { units, groups } = everything();
    const records = [
      ...groups.upsert.map((group): Record => ({ kind: 'group', token: group.id, told: { ...head, group } })),
      ...units.upsert.slice(0, LABEL_SETS).flatMap(recordsOf),
    ];
    const log = new PolicyLog(directory, HEAD);
    const whole = await keep(log, records);
    const megabytes = log.bytes / 1e6;
    const changes: number[] = [];
    for (let i = 0; i < CHANGES; i += 1)
      changes.push(await keep(log, recordsOf(units.upsert[(i * 37) % LABEL_SETS]!)));
    const read = milliseconds(() => new PolicyLog(directory, HEAD).read(0));
    const wholes: number[] = [];
    for (let i = 0; i < 20; i += 1) wholes.push(await writeWhole(directory, records));
    await log.close();
    print(`${LABEL_SETS} label sets with their rule lists, ${groups.upsert.length} groups`, [
      { what: 'a change of one rule list, on disk', value: spread(changes) },
      { what: 'the whole policy told anew, on disk', value: `${ms(whole)}; ${megabytes.toFixed(1)} MB` },
      { what: 'read by whoever starts', value: ms(read) },
      { what: 'instead: the whole written each time', value: spread(wholes) },
    ]);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

await main();
