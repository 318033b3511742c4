/** The stack's own Postgres in a temporary directory, for as long as something is measured on it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, postgresProcess, Processes } from '@ringfence/up';

export interface PostgresPlace {
  /** Where the directory is made: the disk that is measured. */
  readonly home: string;
  /** Later flags win over those that the stack starts its Postgres with. */
  readonly flags?: readonly string[];
}

/** `work` is given its url. */
export async function onPostgres<T>(
  { home, flags = [] }: PostgresPlace,
  work: (url: string) => Promise<T>,
): Promise<T> {
  const directory = mkdtempSync(join(home, 'ringfence-bench-'));
  const processes = new Processes(join(directory, 'logs'), () => undefined);
  try {
    const { url } = await processes.startListening(async () => {
      const made = postgresProcess(join(directory, 'postgres'), await freePort());
      return { ...made, spec: { ...made.spec, args: [...made.spec.args, ...flags] } };
    });
    return await work(url);
  } finally {
    await processes.stopAll([]);
    rmSync(directory, { recursive: true, force: true });
  }
}
