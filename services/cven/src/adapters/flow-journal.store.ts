/**
 * What was read off the kernel's flow sets and not yet handed on, on disk: a killed agent's successor sends it, with the same
 * ids, so that nothing is lost and nothing counted twice. One file per interval, a line per reading; gone when all its
 * batches are stored. Not flushed to the disk: it must survive the process, not the machine.
 */
import { appendFileSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { FlowBatch } from '@ringfence/contracts';
import { FlowBatches } from '../domain/flow-batches.calculator.js';
import type { CollectedHalf, FlowInterval } from '../domain/flow-batches.calculator.js';
import type { ReadMark } from '../domain/read-mark.js';

const FILE = /^[0-9a-f-]{36}-\d+\.jsonl$/;

export class FlowJournal {
  private readonly directory: string;
  /** Batches of each file that are not stored yet. */
  private readonly open = new Map<string, Set<string>>();
  private current: string | undefined;
  private readonly marks = new Map<string, { readonly mark: ReadMark; readonly at: string }>();

  constructor(
    dataDirectory: string,
    private readonly onError: (what: string, error: unknown) => void,
  ) {
    this.directory = join(dataDirectory, 'flows');
  }

  /** Batches of agents before this one, and what they had collected: `until` ends what was never ended. */
  leftover(until: string): FlowBatch[] {
    return this.files().flatMap((file) => {
      const batches = this.batchesOf(file, until);
      this.await(file, batches);
      return batches;
    });
  }

  lastRead(place: string): ReadMark | undefined {
    return this.marks.get(place)?.mark;
  }

  append(interval: FlowInterval, half: CollectedHalf): void {
    this.try('flows could not be written down', () => {
      if (this.current === undefined) {
        mkdirSync(this.directory, { recursive: true, mode: 0o700 });
        this.current = `${interval.bootId}-${interval.first}.jsonl`;
        this.line(this.current, interval);
      }
      this.line(this.current, half);
    });
  }

  /** The interval has ended with these batches. */
  end(batches: readonly FlowBatch[]): void {
    const file = this.current;
    this.current = undefined;
    if (file !== undefined) this.await(file, batches);
  }

  /** The batch is stored where it belongs, or was given up and counted. */
  done(batchId: string): void {
    for (const [file, batches] of this.open) {
      if (!batches.delete(batchId) || batches.size > 0) continue;
      this.remove(file);
      return;
    }
  }

  private await(file: string, batches: readonly FlowBatch[]): void {
    if (batches.length === 0) return this.remove(file);
    this.open.set(file, new Set(batches.map(({ id }) => id)));
  }

  private files(): string[] {
    try {
      return readdirSync(this.directory)
        .filter((name) => FILE.test(name))
        .sort();
    } catch {
      return [];
    }
  }

  private batchesOf(file: string, until: string): FlowBatch[] {
    const [interval, ...halves] = this.linesOf(file) as [FlowInterval?, ...CollectedHalf[]];
    if (interval === undefined) return [];
    const { node, bootId } = interval;
    const batches = new FlowBatches({ node, bootId }, interval.from, interval.first);
    const entries = halves.flatMap(({ collected }) => collected);
    for (const each of entries) batches.add(each);
    for (const half of halves) this.mark(half);
    return batches.take(entries.at(-1)?.at ?? until);
  }

  /** Files of several agents come in no order. */
  private mark({ mark, collected }: CollectedHalf): void {
    const at = collected.at(-1)?.at ?? '';
    if ((this.marks.get(mark.place)?.at ?? '') <= at) this.marks.set(mark.place, { mark, at });
  }

  /** Its last line may be torn. */
  private linesOf(file: string): unknown[] {
    const lines: unknown[] = [];
    this.try('flows of an earlier agent could not be read', () => {
      for (const line of readFileSync(join(this.directory, file), 'utf8').split('\n'))
        if (line !== '') lines.push(JSON.parse(line));
    });
    return lines;
  }

  private line(file: string, value: unknown): void {
    appendFileSync(join(this.directory, file), `${JSON.stringify(value)}\n`, { mode: 0o600 });
  }

  private remove(file: string): void {
    this.open.delete(file);
    this.try('flows that are stored could not be removed from the disk', () =>
      rmSync(join(this.directory, file), { force: true }),
    );
  }

  /** Without a disk flows go on through memory. */
  private try(what: string, work: () => void): void {
    try {
      work();
    } catch (error) {
      this.onError(what, error);
    }
  }
}
