/** How far the events go that a piece of work wrote: who asked for it can be told what to wait for elsewhere. */
import { AsyncLocalStorage } from 'node:async_hooks';

interface Writing {
  position?: number;
}

const works = new AsyncLocalStorage<Writing>();

/** `position`: of the last event that the work committed, also through what it called; absent: it committed none. */
export async function written<T>(
  work: () => Promise<T>,
): Promise<{ readonly result: T; readonly position?: number }> {
  const writing: Writing = {};
  const result = await works.run(writing, work);
  return { result, ...writing };
}

/** After the commit: a position of what was rolled back is never reached. */
export function noteCommitted(position: number): void {
  const writing = works.getStore();
  if (writing !== undefined) writing.position = Math.max(position, writing.position ?? 0);
}
