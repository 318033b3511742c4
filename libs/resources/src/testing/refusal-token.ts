import { CallError } from '@ringfence/bus';

/** Of the refusal; undefined when it was none. */
export async function tokenOf(work: Promise<unknown>): Promise<string | undefined> {
  return work.then(
    () => undefined,
    (error: unknown) => (error instanceof CallError ? error.errors[0]?.token : String(error)),
  );
}
