import { describe, expect, it } from 'vitest';
import { parseCron } from './cron-schedule.js';

const next = (text: string, since: string): string | undefined =>
  parseCron(text).nextAfter(new Date(since))?.toISOString().slice(0, 16);

describe('a cron schedule', () => {
  it.each([
    ['* * * * *', '2025-01-01T00:00:30Z', '2025-01-01T00:01'],
    ['*/15 * * * *', '2025-01-01T00:15:00Z', '2025-01-01T00:30'],
    ['0 3 * * *', '2025-01-01T03:00:00Z', '2025-01-02T03:00'],
    ['30 8-10/2 * * mon-fri', '2025-01-03T10:30:00Z', '2025-01-06T08:30'],
    ['0 0 29 feb *', '2025-01-01T00:00:00Z', '2028-02-29T00:00'],
    ['0 0 13 * 5', '2025-01-11T00:00:00Z', '2025-01-13T00:00'],
    ['0 0 * * 7', '2025-01-01T00:00:00Z', '2025-01-05T00:00'],
    ['5,10 * * * *', '2025-01-01T00:05:00Z', '2025-01-01T00:10'],
    ['@hourly', '2025-01-01T00:05:00Z', '2025-01-01T01:00'],
  ])('%s after %s is due at %s', (text, since, due) => {
    expect(next(text, since)).toBe(due);
  });

  it('that names a day that never comes is never due', () => {
    expect(next('0 0 30 2 *', '2025-01-01T00:00:00Z')).toBeUndefined();
  });

  it.each(['* * * *', '60 * * * *', 'a * * * *', '*/0 * * * *', '5-1 * * * *'])('refuses %s', (text) => {
    expect(() => parseCron(text)).toThrow();
  });
});
