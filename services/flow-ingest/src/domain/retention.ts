/** Which days of flows are kept. Days are of UTC, as text: `2026-11-20`. */

/** A batch may come late (a cluster that was cut off) but not from the future beyond a wrong clock's day. */
const DAYS_AHEAD = 1;
const DAY_MS = 86_400_000;

export function isKept(day: string, today: string, retentionDays: number): boolean {
  return day >= addDays(today, -retentionDays) && day <= addDays(today, DAYS_AHEAD);
}

export function addDays(day: string, count: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + count * DAY_MS).toISOString().slice(0, 10);
}
