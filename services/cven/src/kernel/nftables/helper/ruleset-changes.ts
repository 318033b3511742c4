/**
 * Notifications of nftables → who committed what to our table, per transaction: the kernel tells every object first and ends
 * with the new generation, which names the process. Pure.
 */
import type { Message } from './netlink-message.js';
import { find, NFGEN } from './netlink-message.js';

export interface Commit {
  /** Ruleset generation of its namespace after it. */
  readonly generation: number;
  readonly pid: number;
  readonly program: string;
  /** What it did to our table, in words; empty: nothing. */
  readonly changes: readonly string[];
}

const NFTABLES = 10;
const NEW_GENERATION = 15;
const [GENERATION_ID, PROCESS_ID, PROCESS_NAME] = [1, 2, 3];
const INET = 1;
/** Attribute of the object's own name; every object has its table's name as attribute 1. */
const OBJECTS: Readonly<Record<number, readonly [words: string, name?: number]>> = {
  0: ['table added'],
  2: ['table deleted'],
  3: ['chain added', 3],
  5: ['chain deleted', 3],
  6: ['rule added in', 2],
  8: ['rule deleted in', 2],
  9: ['set added', 2],
  11: ['set deleted', 2],
  12: ['element added in', 2],
  14: ['element deleted in', 2],
  18: ['object added', 2],
  20: ['object deleted', 2],
};
/** More than these are only counted. */
const MOST_NAMED = 6;

/** One per namespace: transactions of one namespace never mix. */
export class CommitReader {
  private readonly pending = new Map<string, number>();

  constructor(private readonly table: string) {}

  /** A commit when this message ends one. */
  take({ type, body }: Message): Commit | undefined {
    if (type >>> 8 !== NFTABLES) return undefined;
    const attributes = body.subarray(NFGEN);
    if ((type & 0xff) === NEW_GENERATION) return this.end(attributes);
    const [words, name] = OBJECTS[type & 0xff] ?? [];
    if (words !== undefined && body.readUInt8(0) === INET && textAt(attributes, 1) === this.table)
      this.note(name === undefined ? words : `${words} ${textAt(attributes, name)}`);
    return undefined;
  }

  /** Whoever flushes a set of ten thousand must not cost as many entries. With a table goes all that was in it. */
  private note(change: string): void {
    if (change.startsWith('table ')) this.pending.clear();
    const isRoom = this.pending.has(change) || this.pending.size < MOST_NAMED;
    const named = isRoom ? change : 'and more';
    this.pending.set(named, (this.pending.get(named) ?? 0) + 1);
  }

  private end(attributes: Buffer): Commit {
    const changes = [...this.pending].map(([change, times]) =>
      times === 1 ? change : `${change} (${times}×)`,
    );
    this.pending.clear();
    return {
      generation: numberAt(attributes, GENERATION_ID),
      pid: numberAt(attributes, PROCESS_ID),
      program: textAt(attributes, PROCESS_NAME),
      changes,
    };
  }
}

function numberAt(attributes: Buffer, type: number | undefined): number {
  return (type === undefined ? undefined : find(attributes, type))?.readUInt32BE(0) ?? 0;
}

function textAt(attributes: Buffer, type: number | undefined): string {
  const value = type === undefined ? undefined : find(attributes, type);
  return value?.toString('utf8').replace(/\0.*$/s, '') ?? '';
}
