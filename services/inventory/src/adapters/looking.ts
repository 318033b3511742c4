/** Looks again and again, one look at a time; closed when the last one has ended. */
export interface Looking {
  close(): Promise<void>;
}

export function looking(
  look: () => Promise<void>,
  everyMs: number,
  onError: (error: unknown) => void,
): Looking {
  let running: Promise<void> | undefined;
  const timer = setInterval(() => {
    running ??= look()
      .catch(onError)
      .finally(() => (running = undefined));
  }, everyMs);
  return {
    close: async () => {
      clearInterval(timer);
      await running;
    },
  };
}
