/**
 * Waiting in tests: until a condition holds, with what was seen last in the failure. The bound is for what never comes,
 * not an expectation: on a busy machine what is right takes many times as long.
 */
import { setTimeout as sleep } from 'node:timers/promises';

/** Returns the first value that `isDone` accepts (default: anything but `undefined` and `false`). */
export async function eventually<T>(
  look: () => T | Promise<T>,
  isDone: (value: T) => boolean = (value) => value !== undefined && value !== false,
  withinMs = 60_000,
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
