/**
 * How everything that changes labels or profiles runs: one after the other, and with the labels of entities settled
 * before the caller has its answer.
 */
import type { OneAtATime } from '@ringfence/event-store';
import type { EntityResolver } from './facts/entity-resolver.js';

export type ChangeQueue = <T>(work: () => Promise<T>) => Promise<T>;

export function changeQueue(oneAtATime: OneAtATime, resolver: EntityResolver): ChangeQueue {
  return (work) =>
    oneAtATime(async () => {
      const result = await work();
      await resolver.settle();
      return result;
    });
}
