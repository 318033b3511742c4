/** Waiting in tests: until a condition holds, never longer than it may take, and with what was seen last in the failure. */
import { setTimeout as sleep } from 'node:timers/promises';

/** Returns the first value that `isDone` accepts (default: anything but `undefined` and `false`). */
export async function eventually<T>(
  look: () => T | Promise<T>,
  isDone: (value: T) => boolean = (value) => value !== undefined && value !== false,
  withinMs = 15_000,
): Promise<T> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const seen = await look();
    if (isDone(seen)) return seen;
    if (Date.now() > deadline)
      throw new Error(`not within ${withinMs} ms; last seen: ${JSON.stringify(seen)}`);
    await sleep(10);
  }
}
