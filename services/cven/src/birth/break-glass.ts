/**
 * What was done by hand while the agent was away (the plugin's `open`), and which Pods went through without it: taken from
 * the plugin's record, told once, and gone. Foreign text: bounded in size and in lines.
 */
import { readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';

export interface Opening {
  readonly until: Date;
  readonly by: string;
  readonly reason: string;
}

const MOST_BYTES = 512 * 1024;
const LONGEST_OPENING_MS = 24 * 3_600_000;

export class BreakGlass {
  constructor(private readonly directory: string) {}

  /** Undefined: the node is closed as usual. */
  current(now: Date): Opening | undefined {
    const lines = readLines(join(this.directory, 'open'));
    const value = (name: string): string =>
      lines.find((line) => line.startsWith(`${name} `))?.slice(name.length + 1) ?? '';
    const [at, until] = ['at', 'until'].map((name) => new Date(Number(value(name)) * 1000)) as [Date, Date];
    // As the plugin judges it: by a clock that was set since, it is open for nobody.
    if (!(at <= now && now < until && Number(until) - Number(at) <= LONGEST_OPENING_MS)) return undefined;
    return { until, by: value('by'), reason: value('reason') };
  }

  /**
   * Lines that nobody was told of yet. The record is moved aside first and read a call later: a plugin that had it open still
   * writes to the moved one.
   */
  take(): string[] {
    const taken = join(this.directory, 'opened.taken');
    const lines = readLines(taken);
    rmSync(taken, { force: true });
    try {
      renameSync(join(this.directory, 'opened.log'), taken);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
    return lines.map(withTime);
  }
}

function readLines(path: string): string[] {
  try {
    if (statSync(path).size > MOST_BYTES) return ['the record is too long to be read'];
    return readFileSync(path, 'utf8').split('\n').filter(Boolean);
  } catch {
    return [];
  }
}

/** `1763734800 closed` → `2025-11-21T14:20:00.000Z closed`. */
function withTime(line: string): string {
  const [, seconds = '', rest = line] = /^(\d{9,11}) (.*)$/.exec(line) ?? [];
  return seconds === '' ? line : `${new Date(Number(seconds) * 1000).toISOString()} ${rest}`;
}
