/** What a service reads, or makes for the first time, before it serves. */
import { retrying } from '@ringfence/retrying';
import { isTransient } from './errors.js';

/** Of the process; service-host's `HostContext` has this shape. */
export interface StartingProcess {
  readonly logger: Record<'warn', (details: object, message: string) => void>;
  readonly signal?: AbortSignal | undefined;
}

/**
 * From the front again when a server goes away in the middle of it, which is no reason to give up a start: so `work` may be
 * done twice. Any other failure is thrown. Throws, too, when the signal ends the wait.
 */
export async function beforeServing<T>(
  { logger, signal }: StartingProcess,
  work: () => Promise<T>,
): Promise<T> {
  const onError = (error: unknown): void => {
    if (!isTransient(error)) throw error;
    logger.warn({ err: error }, 'a server went away during the start');
  };
  const done = await retrying(async () => ({ result: await work() }), { signal, onError });
  if (done === undefined) throw new Error('the start was given up');
  return done.result;
}
