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
