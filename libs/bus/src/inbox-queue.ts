/** Pulled messages that wait for their reader, bounded by the size of a pull. One reader. */
export interface InboxQueue<T> {
  push(item: T): void;
  /** No more will come; what is there is still given out. */
  end(): void;
  /** Up to `max`: at once when that many wait, otherwise what has come `waitMs` after the first. Null: ended and empty. */
  take(max: number, waitMs: number): Promise<T[] | null>;
  /** Not given out yet. */
  waiting(): readonly T[];
}

export function inboxQueue<T>(): InboxQueue<T> {
  let items: T[] = [];
  let ended = false;
  let wake: () => void = () => undefined;
  const change = (timeoutMs?: number): Promise<void> =>
    new Promise((resolve) => {
      const timer = timeoutMs === undefined ? undefined : setTimeout(resolve, timeoutMs);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  return {
    push: (item) => {
      items.push(item);
      wake();
    },
    end: () => {
      ended = true;
      wake();
    },
    take: async (max, waitMs) => {
      while (items.length === 0) {
        if (ended) return null;
        await change();
      }
      const deadline = Date.now() + waitMs;
      for (let leftMs = waitMs; items.length < max && !ended && leftMs > 0; leftMs = deadline - Date.now()) {
        await change(leftMs);
      }
      const taken = items.slice(0, max);
      items = items.slice(max);
      return taken;
    },
    waiting: () => items,
  };
}
