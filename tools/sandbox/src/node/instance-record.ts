/**
 * The note in an instance's run folder: who runs it and what to remove after it. Written before anything else is made, so that a run
 * which is killed half-way can be found.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { InstanceNames } from './names.js';

export interface InstanceRecord {
  dataFolder: string;
  /** Process id and start time: together they never come twice between two boots. */
  owner: string;
  /** Of the address plan; nothing until a bridge exists. */
  slot: number | undefined;
}

const recordFile = (names: InstanceNames): string => join(names.runFolder, 'instance.json');

export async function readRecord(names: InstanceNames): Promise<InstanceRecord | undefined> {
  const text = await readFile(recordFile(names), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as InstanceRecord);
}

export async function writeRecord(names: InstanceNames, record: InstanceRecord): Promise<void> {
  await writeFile(recordFile(names), JSON.stringify(record));
}

/** Two runs of one instance would remove each other's parts. */
export async function refuseIfRunning(names: InstanceNames): Promise<void> {
  const owner = (await readRecord(names))?.owner;
  if (owner === undefined) return;
  const pid = Number(owner.split('@')[0]);
  if (pid !== process.pid && (await processIdentity(pid)) === owner) {
    throw new Error(`this instance of the sandbox is already running (process ${pid})`);
  }
}

/** Empty for a process that has ended. */
export async function processIdentity(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return stat === '' || fields[0] === 'Z' ? '' : `${pid}@${fields[19] ?? ''}`;
}
