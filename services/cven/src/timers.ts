/** Regular work that never overlaps with itself. */

export interface Repeating {
  stop(): void;
}

export function every(
  intervalMs: number,
  work: () => Promise<void>,
  onError: (error: unknown) => void,
): Repeating {
  let timer: NodeJS.Timeout;
  let stopped = false;
  const again = (): void => {
    timer = setTimeout(() => {
      work()
        .catch(onError)
        .finally(() => {
          if (!stopped) again();
        });
    }, intervalMs);
  };
  again();
  return {
    stop: () => {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
