/**
 * A queue of one. Commands look up other aggregates (is the name taken? who is connected?) before they decide; done one
 * after the other, what was looked up still holds when the event is written. One process writes to a store.
 */
export type OneAtATime = <T>(work: () => Promise<T>) => Promise<T>;

export function oneAtATime(): OneAtATime {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const result = last.then(work);
    last = result.catch(() => undefined);
    return result;
  };
}

/** A queue of one for each key: work of one key does not wait for another's. */
export function oneAtATimePer(): <T>(key: string, work: () => Promise<T>) => Promise<T> {
  const queues = new Map<string, { readonly queue: OneAtATime; waiting: number }>();
  return async (key, work) => {
    const entry = queues.get(key) ?? { queue: oneAtATime(), waiting: 0 };
    queues.set(key, entry);
    entry.waiting += 1;
    try {
      return await entry.queue(work);
    } finally {
      entry.waiting -= 1;
      if (entry.waiting === 0) queues.delete(key);
    }
  };
}
