/** Waiting for what a service does by itself: said step by step, and not for ever where nobody does it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { EXIT, Failure } from './task.js';
import type { Task } from './task.js';

const LOOK_EVERY_MS = 500;
const STANDS_AFTER_MS = 30_000;

export interface Step {
  /** Equal to what it was: nothing has moved. */
  readonly words: string;
  readonly isDone: boolean;
}

/** False: the signal came first. The work itself goes on then. */
export async function watch(
  { note, signal, service: { database } }: Task,
  look: () => Promise<Step>,
  standsAfterMs = STANDS_AFTER_MS,
): Promise<boolean> {
  let last = '';
  let movedAt = performance.now();
  while (!signal.aborted) {
    const { words, isDone } = await look();
    if (words !== last) {
      note(`${words}\n`);
      movedAt = performance.now();
    }
    last = words;
    if (isDone) return true;
    if (performance.now() - movedAt > standsAfterMs)
      throw new Failure(
        EXIT.failed,
        `nothing has moved for ${standsAfterMs / 1_000} s: is ${database.service} running? It goes on by itself when it is`,
      );
    await sleep(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
  }
  return false;
}
