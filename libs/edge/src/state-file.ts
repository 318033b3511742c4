/** What of an agent must survive a restart, of its machine too: small JSON files in one directory, readable by root only. */
import { appendFileSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { z } from 'zod';
import { replaceFile } from './durable-file.js';

const WRITE_AGAIN_MS = 5_000;

export class StateFile<T> {
  private readonly path: string;
  private pending: NodeJS.Timeout | undefined;
  private latest: (() => T | undefined) | undefined;
  /** Told after each value that was written. */
  onWritten: () => void = () => undefined;

  constructor(
    private readonly directory: string,
    name: string,
    private readonly schema: z.ZodType<T>,
  ) {
    this.path = join(directory, name);
  }

  /** Undefined when there is none or it cannot be read: both mean to ask again. */
  read(): T | undefined {
    try {
      const parsed = this.schema.safeParse(JSON.parse(readFileSync(this.path, 'utf8')));
      return parsed.success ? parsed.data : undefined;
    } catch {
      return undefined;
    }
  }

  write(value: T): void {
    mkdirSync(this.directory, { recursive: true, mode: 0o700 });
    replaceFile(this.path, JSON.stringify(value), 0o600);
    this.onWritten();
  }

  /** Writes what `value` gives then, at most once per `delayMs`. */
  writeLater(value: () => T | undefined, delayMs: number, onError: (error: unknown) => void): void {
    this.latest = value;
    this.pending ??= setTimeout(() => {
      try {
        this.flush();
      } catch (error) {
        onError(error);
        // A disk that was full takes it the next time.
        this.writeLater(this.latest ?? value, WRITE_AGAIN_MS, onError);
      }
    }, delayMs);
  }

  flush(): void {
    clearTimeout(this.pending);
    this.pending = undefined;
    const value = this.latest?.();
    if (value !== undefined) this.write(value);
    this.latest = undefined;
  }

  remove(): void {
    clearTimeout(this.pending);
    this.pending = undefined;
    this.latest = undefined;
    rmSync(this.path, { force: true });
  }
}

/** More than this without a whole value written meanwhile means that the disk is full. */
const MOST_CHANGES = 2_000;

/** What has changed since a whole value was written, a line each, on disk before anything is made of it. */
export class ChangeLog<T> {
  private readonly path: string;
  private lines = 0;

  constructor(
    private readonly directory: string,
    name: string,
    private readonly schema: z.ZodType<T>,
  ) {
    this.path = join(directory, name);
  }

  /** Up to the first line that cannot be read: the last may be torn. */
  read(): T[] {
    const changes: T[] = [];
    try {
      for (const line of readFileSync(this.path, 'utf8').split('\n')) {
        if (line !== '') changes.push(this.schema.parse(JSON.parse(line)));
      }
    } catch {
      // Whoever reads asks for the whole afterwards.
    }
    return changes;
  }

  append(change: T): void {
    if (this.lines >= MOST_CHANGES) return;
    this.lines += 1;
    mkdirSync(this.directory, { recursive: true, mode: 0o700 });
    appendFileSync(this.path, `${JSON.stringify(change)}\n`, { mode: 0o600 });
  }

  clear(): void {
    this.lines = 0;
    rmSync(this.path, { force: true });
  }
}
