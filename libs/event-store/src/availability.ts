/** Whether Postgres answers, as of a moment ago: readiness asks synchronously, so it is looked at beside the work. */
import type pg from 'pg';

const EVERY_MS = 2_000;

export function watchAvailability(pool: pg.Pool): { availability(): true | string; stop(): void } {
  let state: true | string = true;
  let asking = false;
  const look = async (): Promise<void> => {
    if (asking) return;
    asking = true;
    try {
      await pool.query('select 1');
      state = true;
    } catch (error) {
      state = `Postgres does not answer: ${error instanceof Error ? error.message || error.name : String(error)}`;
    } finally {
      asking = false;
    }
  };
  const timer = setInterval(() => void look(), EVERY_MS).unref();
  return { availability: () => state, stop: () => clearInterval(timer) };
}
