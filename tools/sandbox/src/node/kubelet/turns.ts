/**
 * At most so many pieces of work at once, the others in order of arrival. The queue is bounded by the Pods that a node can have.
 * A place is lent for a while only: whoever has it longer is waiting for somebody else (a network plugin that holds a Pod
 * back), and must not hold the others back with it.
 */
const lentMs = 1_000;

export function createTurns(places: number): <Result>(work: () => Promise<Result>) => Promise<Result> {
  const waiting: (() => void)[] = [];
  let free = places;
  // The place is handed on, not freed: a newcomer must not overtake.
  const handOn = (): void => {
    const next = waiting.shift();
    if (next === undefined) free += 1;
    else next();
  };
  return async (work) => {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    let isLent = true;
    const giveBack = (): void => {
      if (isLent) handOn();
      isLent = false;
    };
    const timer = setTimeout(giveBack, lentMs);
    try {
      return await work();
    } finally {
      clearTimeout(timer);
      giveBack();
    }
  };
}
