/**
 * Whether the streams behind a connection store anything. A server whose disk was full keeps its connections, calls itself
 * healthy and acknowledges nothing, even when there is room again, until it is started anew (nats-server 2.9): only
 * whoever publishes can see it.
 */
const SILENT_FOR_MS = 5_000;

export interface Storing {
  acknowledged(): void;
  unacknowledged(error: unknown): void;
  /** True, or since when nothing was stored and why, in words. */
  state(): true | string;
}

export function storing(server: string, now: () => number = () => Date.now()): Storing {
  let failing: { readonly since: number; words: string } | null = null;
  return {
    acknowledged: () => {
      failing = null;
    },
    unacknowledged: (error) => {
      failing ??= { since: now(), words: '' };
      failing.words = error instanceof Error ? error.message : String(error);
    },
    state: () => {
      if (failing === null || now() - failing.since < SILENT_FOR_MS) return true;
      const since = new Date(failing.since).toISOString();
      return `${server} NATS has stored nothing since ${since} (is its disk full?): ${failing.words}`;
    },
  };
}
