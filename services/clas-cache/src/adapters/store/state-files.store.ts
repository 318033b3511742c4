/**
 * JSON files in one directory, each written whole: a new file beside the old one, flushed to the disk, then renamed over
 * it, and the directory flushed, so that a crash of the process or the machine leaves one or the other, and what was
 * written once stays. A file that cannot be read counts as absent, and is told.
 */
import { mkdirSync, readFileSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

export class StateFiles {
  private readonly writing = new Map<string, Promise<void>>();

  constructor(
    readonly directory: string,
    private readonly onUnreadable: (file: string, error: unknown) => void,
  ) {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  }

  read(name: string): unknown {
    const file = this.file(name);
    try {
      return JSON.parse(readFileSync(file, 'utf8'));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') this.onUnreadable(file, error);
      return undefined;
    }
  }

  /** One after the other per name; the value is taken when its turn comes. */
  async write(name: string, value: () => unknown): Promise<void> {
    const before = this.writing.get(name) ?? Promise.resolve();
    const writing = before.catch(() => undefined).then(() => this.replace(this.file(name), value()));
    this.writing.set(name, writing);
    await writing;
  }

  private async replace(file: string, value: unknown): Promise<void> {
    const fresh = `${file}.new`;
    try {
      const handle = await open(fresh, 'w', 0o600);
      try {
        await handle.writeFile(JSON.stringify(value));
        await handle.sync();
      } finally {
        await handle.close();
      }
      await rename(fresh, file);
      await syncDirectory(this.directory);
    } catch (error) {
      await rm(fresh, { force: true });
      throw error;
    }
  }

  private file(name: string): string {
    return join(this.directory, `${name}.json`);
  }
}

/** Of a file that is new, or has another name, its machine would know nothing after a loss of power. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path);
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
