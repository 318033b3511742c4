/** Waiting ends when it has come true, or when nothing has changed for a while; then it says what is missing. */
import { setTimeout as sleep } from 'node:timers/promises';
import { now } from './clock.js';

const LOOK_EVERY_MS = 250;

/** `missing` says what is still awaited, null when nothing is. */
export async function untilNothingIsMissing(
  what: string,
  missing: () => Promise<string | null>,
  stillMs: number,
): Promise<void> {
  let last: string | null = '';
  let movedAt = now();
  for (;;) {
    const said = await missing().catch((error: unknown) => String(error));
    if (said === null) return;
    if (said !== last) movedAt = now();
    last = said;
    if (now() - movedAt > stillMs)
      throw new Error(`${what}: nothing has moved for ${Math.round(stillMs / 1000)} s, missing: ${said}`);
    await sleep(LOOK_EVERY_MS);
  }
}
