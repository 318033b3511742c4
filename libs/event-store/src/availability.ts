/** Whether Postgres answers, as of a moment ago: readiness asks synchronously, so it is looked at beside the work. */
import type pg from 'pg';

const EVERY_MS = 2_000;
/** Longer than this is no answer. Work waits longer than whoever wants to know. */
const ANSWERS_WITHIN_MS = 5_000;

export function watchAvailability(pool: pg.Pool): { availability(): true | string; stop(): void } {
  let state: true | string = true;
  let askedAt: number | null = null;
  const look = async (): Promise<void> => {
    if (askedAt !== null) {
      if (performance.now() - askedAt > ANSWERS_WITHIN_MS) state = 'Postgres does not answer in time';
      return;
    }
    askedAt = performance.now();
    try {
      await pool.query('select 1');
      state = true;
    } catch (error) {
      state = `Postgres does not answer: ${error instanceof Error ? error.message || error.name : String(error)}`;
    } finally {
      askedAt = null;
    }
  };
  const timer = setInterval(() => void look(), EVERY_MS).unref();
  return { availability: () => state, stop: () => clearInterval(timer) };
}
