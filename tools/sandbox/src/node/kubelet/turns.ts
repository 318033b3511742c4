/**
 * At most so many pieces of work at once, the others in order of arrival. The queue is bounded by the Pods that a node can have.
 */
export function createTurns(places: number): <Result>(work: () => Promise<Result>) => Promise<Result> {
  const waiting: (() => void)[] = [];
  let free = places;
  return async (work) => {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await work();
    } finally {
      // The place is handed on, not freed: a newcomer must not overtake.
      const next = waiting.shift();
      if (next === undefined) free += 1;
      else next();
    }
  };
}
