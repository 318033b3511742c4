/**
 * What must survive a restart: credential, last view, and by which marks the tables in the kernel are recognised.
 * Small JSON files in one directory, written beside and renamed, readable by root only.
 */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { z } from 'zod';

const WRITE_AGAIN_MS = 5_000;

export class StateFile<T> {
  private readonly path: string;
  private pending: NodeJS.Timeout | undefined;
  private latest: (() => T | undefined) | undefined;

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
    const beside = `${this.path}.new`;
    writeFileSync(beside, JSON.stringify(value), { mode: 0o600 });
    renameSync(beside, this.path);
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
