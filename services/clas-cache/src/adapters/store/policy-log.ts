/**
 * What the control plane has told since the whole policy was written down, in the order in which it came, on disk before any node is told
 * of it: a restart goes on with what nodes have, never with less. Files are numbered: the whole policy says which of them goes on
 * from it. One that was ended says so in its last line; without that nothing behind it counts.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { ToldChange } from '../../domain/stored-state.js';
import { syncDirectory } from './state-files.store.js';

/** The first line of each: of another form, or of another cluster, nothing is read. */
export interface LogHead {
  readonly form: number;
  readonly cluster: string;
}

const NAME = /^policy-log-(\d+)\.jsonl$/;
const END = 'end';
const textOf = (line: unknown): string => `${JSON.stringify(line)}\n`;

export class PolicyLog {
  /** Of the file that is written. */
  private number = 0;
  /** Of it, on disk and whole. */
  private length = 0;
  private file: FileHandle | undefined;
  private waiting: string[] = [];
  private turn: Promise<void> = Promise.resolve();
  private lack: Error | undefined;
  private readonly head: string;

  constructor(
    private readonly directory: string,
    head: LogHead,
  ) {
    this.head = textOf(head);
  }

  get bytes(): number {
    return this.length;
  }

  /** Why it lacks something, until a whole policy takes the place of it; undefined: it does not. */
  get failure(): Error | undefined {
    return this.lack;
  }

  /** All of this file and those that follow it; what is told from now on is written behind it. */
  read(from: number): ToldChange[] {
    const changes: ToldChange[] = [];
    for (this.number = from; ; this.number += 1) {
      const lines = this.lines();
      const isEnded = lines.at(-1) === END;
      for (const line of lines) if (line !== END) changes.push(line);
      if (!isEnded) return changes;
    }
  }

  /** What it has is of no use. */
  giveUp(why: Error): void {
    this.lack = why;
    this.waiting = [];
  }

  add(change: ToldChange): void {
    if (this.lack === undefined) this.waiting.push(textOf(change));
  }

  /** Resolves when all that was added is on disk, or cannot be. */
  written(): Promise<void> {
    return this.waiting.length === 0 ? this.turn : this.inTurn(() => this.write());
  }

  /**
   * Goes on in another file, whose number it gives: a whole policy that is taken from now on, and names it, needs none of those before.
   * Undefined: by `isWhole` there is something told that is not in force yet, and only the log has it.
   */
  async next(isWhole: () => boolean): Promise<number | undefined> {
    let number: number | undefined;
    await this.inTurn(async () => {
      await this.write();
      if (!isWhole()) return;
      // What comes from here on is of the next file.
      const isTorn = this.lack !== undefined;
      this.lack = undefined;
      await rm(this.path(this.number + 1), { force: true });
      if (!isTorn) await this.append(textOf(END));
      await this.closeFile();
      this.length = 0;
      number = this.number += 1;
    });
    return number;
  }

  async dropBefore(number: number): Promise<void> {
    const names = readdirSync(this.directory);
    const old = names.filter((name) => Number(NAME.exec(name)?.[1] ?? number) < number);
    await Promise.all(old.map((name) => rm(join(this.directory, name), { force: true })));
  }

  close(): Promise<void> {
    return this.inTurn(() => this.closeFile());
  }

  private inTurn(work: () => Promise<void>): Promise<void> {
    this.turn = this.turn
      .then(work)
      .catch((error: unknown) => this.giveUp(error instanceof Error ? error : new Error(String(error))));
    return this.turn;
  }

  private async write(): Promise<void> {
    const text = this.waiting.join('');
    this.waiting = [];
    if (text !== '') await this.append(text);
  }

  private async append(text: string): Promise<void> {
    const file = (this.file ??= await this.open());
    const whole = this.length === 0 ? this.head + text : text;
    await file.appendFile(whole);
    await file.datasync();
    this.length += Buffer.byteLength(whole);
  }

  /** Without what an earlier one has left torn. */
  private async open(): Promise<FileHandle> {
    const file = await open(this.path(this.number), 'a', 0o600);
    await file.truncate(this.length);
    if (this.length === 0) await syncDirectory(this.directory);
    return file;
  }

  private async closeFile(): Promise<void> {
    const file = this.file;
    this.file = undefined;
    await file?.close();
  }

  /** Of the present file, but for its head; none where it is not ours. */
  private lines(): (ToldChange | typeof END)[] {
    const [head, ...lines] = wholeLines(this.path(this.number));
    this.length = 0;
    if (head === undefined || `${head}\n` !== this.head) return [];
    const read: (ToldChange | typeof END)[] = [];
    this.length = Buffer.byteLength(this.head);
    for (const line of lines) {
      const value = parsed(line);
      if (value === undefined) return read;
      this.length += Buffer.byteLength(line) + 1;
      read.push(value as ToldChange | typeof END);
    }
    return read;
  }

  private path(number: number): string {
    return join(this.directory, `policy-log-${String(number)}.jsonl`);
  }
}

function wholeLines(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\n').slice(0, -1);
  } catch {
    return [];
  }
}

/** Undefined: torn. */
function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
