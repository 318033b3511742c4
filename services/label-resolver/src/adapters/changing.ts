/**
 * How everything that changes labels or profiles runs: one after the other, and with the labels of entities settled
 * before the caller has its answer.
 */
import type { EntityResolver } from './entity-resolver.js';
import type { OneAtATime } from './one-at-a-time.js';

export type Changing = <T>(work: () => Promise<T>) => Promise<T>;

export function changing(oneAtATime: OneAtATime, resolver: EntityResolver): Changing {
  return (work) =>
    oneAtATime(async () => {
      const result = await work();
      await resolver.settle();
      return result;
    });
}
