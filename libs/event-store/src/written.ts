/**
 * A piece of work that somebody asked for: what it writes carries the request's id, how far its events go can be told, so that other
 * places are waited for, and what comes later than its caller waits is not written at all.
 */
import { AsyncLocalStorage } from 'node:async_hooks';

export interface Asked {
  /** Of the request: the correlation of what is written for it. */
  readonly request?: string | undefined;
  /** Milliseconds of the epoch: from then on its caller believes that nothing was done. */
  readonly until?: number | undefined;
}
interface Writing extends Asked {
  position?: number;
}

const works = new AsyncLocalStorage<Writing>();

/** `position`: of the last event that the work committed, also through what it called; absent: it committed none. */
export async function written<T>(
  work: () => Promise<T>,
  asked: Asked = {},
): Promise<{ readonly result: T; readonly position?: number }> {
  const writing: Writing = { ...asked };
  const result = await works.run(writing, work);
  return { result, ...(writing.position !== undefined && { position: writing.position }) };
}

/** Nothing was written. */
export class TooLate extends Error {
  override readonly name = 'TooLate';
  constructor() {
    super('who asked for this does not wait any longer: it is not done');
  }
}

/** Before the commit. What follows on a part that is done already is done, too. */
export function refuseLate(): void {
  const { until, position } = works.getStore() ?? {};
  if (until !== undefined && position === undefined && Date.now() > until) throw new TooLate();
}

export const requestOfWork = (): string | undefined => works.getStore()?.request;

/** After the commit: a position of what was rolled back is never reached. */
export function noteCommitted(position: number): void {
  const writing = works.getStore();
  if (writing !== undefined) writing.position = Math.max(position, writing.position ?? 0);
}
