/** Looking until something is so: often at first, because it mostly is so at once. */
import { setTimeout as sleep } from 'node:timers/promises';

const FIRST_PAUSE_MS = 2;
const LONGEST_PAUSE_MS = 50;

/** False: it was not so within that time. What `isSo` throws is thrown. */
export async function cameTrue(isSo: () => Promise<boolean>, withinMs: number): Promise<boolean> {
  const until = performance.now() + withinMs;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
    if (await isSo()) return true;
    if (performance.now() + pauseMs > until) return false;
    await sleep(pauseMs);
  }
}
