/**
 * Requests per key in windows of a minute. Bounded: beyond `WINDOWS` keys the one that began longest ago is forgotten, which can only
 * let a request through, never refuse one.
 */
const WINDOW_MS = 60_000;
const WINDOWS = 10_000;

export interface RateWindow {
  /** Milliseconds to wait, or 0 when the request is within the limit. */
  take(key: string, nowMs: number): number;
  /** The same without counting it. */
  look(key: string, nowMs: number): number;
}

export function rateWindow(limit: number): RateWindow {
  const windows = new Map<string, { began: number; count: number }>();
  return {
    look: (key, nowMs) => {
      const known = windows.get(key);
      const isOver = known !== undefined && nowMs - known.began < WINDOW_MS && known.count >= limit;
      return isOver ? Math.max(1, known.began + WINDOW_MS - nowMs) : 0;
    },
    take: (key, nowMs) => {
      const known = windows.get(key);
      if (known === undefined || nowMs - known.began >= WINDOW_MS) {
        windows.delete(key);
        windows.set(key, { began: nowMs, count: 1 });
        const oldest = windows.size > WINDOWS ? windows.keys().next().value : undefined;
        if (oldest !== undefined) windows.delete(oldest);
        return 0;
      }
      known.count += 1;
      return known.count <= limit ? 0 : Math.max(1, known.began + WINDOW_MS - nowMs);
    },
  };
}
