/**
 * Waiting for something that another process does. It ends when nothing has moved for a while, never because a fixed time
 * is over: on a busy machine a start may take ten times as long and still be right. Turns that this process itself did
 * not get do not count as waiting.
 */
import { setTimeout as sleep } from 'node:timers/promises';

export type Look<T> =
  | { readonly done: T }
  | {
      /** For people: what is not there yet. Other words are progress. */
      readonly missing: string;
      /** Moves as long as somebody works on it (the size of a log, the CPU time of a process). */
      readonly sign?: string | number;
    };

export interface Patience {
  /** For people, as the object of "waiting for". */
  readonly what: string;
  readonly stalledAfterMs?: number;
  readonly everyMs?: number;
  /** Told what is missing whenever that changes, after the first seconds. */
  readonly onWaiting?: (words: string) => void;
}

const STALLED_AFTER_MS = 60_000;
const EVERY_MS = 50;
const QUIET_AT_FIRST_MS = 5_000;
/** A pause that took so many times as long was not ours: the machine was busy. */
const LONGEST_PAUSES = 10;

export class Stalled extends Error {
  override readonly name = 'Stalled';
}

export async function untilDone<T>(look: () => Promise<Look<T>>, patience: Patience): Promise<T> {
  const { stalledAfterMs = STALLED_AFTER_MS, everyMs = EVERY_MS } = patience;
  const tell = teller(patience);
  let waitedMs = 0;
  for (let last = ''; ;) {
    const before = performance.now();
    const seen = await look();
    if ('done' in seen) return seen.done;
    const moved = `${seen.missing} ${seen.sign ?? ''}`;
    if (moved !== last) waitedMs = 0;
    last = moved;
    if (waitedMs > stalledAfterMs) throw stalled(patience.what, stalledAfterMs, seen.missing);
    tell(seen.missing);
    await sleep(everyMs);
    waitedMs += Math.min(performance.now() - before, LONGEST_PAUSES * everyMs);
  }
}

function stalled(what: string, afterMs: number, missing: string): Stalled {
  return new Stalled(
    `waiting for ${what}: nothing has moved for ${Math.round(afterMs / 1000)} s: ${missing}`,
  );
}

function teller({ onWaiting }: Patience): (words: string) => void {
  const begun = performance.now();
  let told = '';
  return (words) => {
    if (words === told || performance.now() - begun < QUIET_AT_FIRST_MS) return;
    told = words;
    onWaiting?.(words);
  };
}
