/** Cron expressions of five fields (minute, hour, day, month, weekday), in UTC, and the usual names such as @hourly. */
const monthNames = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const dayNames = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

const fields = [
  { name: 'minute', first: 0, last: 59, names: [] as string[] },
  { name: 'hour', first: 0, last: 23, names: [] as string[] },
  { name: 'day of month', first: 1, last: 31, names: [] as string[] },
  { name: 'month', first: 1, last: 12, names: ['', ...monthNames] },
  { name: 'day of week', first: 0, last: 7, names: dayNames },
];

const shorthands: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};

const minuteMs = 60_000;
/** 29 February comes at least once in eight years. */
const searchedMs = 8 * 366 * 24 * 60 * minuteMs;

export interface CronSchedule {
  /** The first due minute after `since`, or undefined when there is none, as on 30 February. */
  nextAfter(since: Date): Date | undefined;
}

/** Throws with the reason when the text is no cron expression. */
export function parseCron(text: string): CronSchedule {
  const parts = (shorthands[text.trim()] ?? text).trim().split(/\s+/);
  if (parts.length !== fields.length)
    throw new Error(`expected exactly 5 fields, found ${parts.length}: ${text}`);
  const [minutes, hours, days, months, weekdays] = parts.map((part, index) =>
    parseField(part, fields[index] as (typeof fields)[number]),
  ) as [Set<number>, Set<number>, Set<number>, Set<number>, Set<number>];
  if (weekdays.has(7)) weekdays.add(0);
  // When both days are restricted, either one is enough; that is cron's old rule.
  const isEither = !parts[2]?.startsWith('*') && !parts[4]?.startsWith('*');
  const isDay = (date: Date): boolean => {
    const inMonth = days.has(date.getUTCDate());
    const inWeek = weekdays.has(date.getUTCDay());
    return months.has(date.getUTCMonth() + 1) && (isEither ? inMonth || inWeek : inMonth && inWeek);
  };
  return { nextAfter: (since) => search(since, { isDay, hours, minutes }) };
}

interface Due {
  isDay: (date: Date) => boolean;
  hours: ReadonlySet<number>;
  minutes: ReadonlySet<number>;
}

function search(since: Date, due: Due): Date | undefined {
  let time = Math.floor(since.getTime() / minuteMs) * minuteMs + minuteMs;
  const end = time + searchedMs;
  while (time < end) {
    const date = new Date(time);
    if (!due.isDay(date)) time = Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate() + 1);
    else if (!due.hours.has(date.getUTCHours())) time = Math.floor(time / 3_600_000) * 3_600_000 + 3_600_000;
    else if (due.minutes.has(date.getUTCMinutes())) return date;
    else time += minuteMs;
  }
  return undefined;
}

function parseField(text: string, field: (typeof fields)[number]): Set<number> {
  const values = new Set<number>();
  for (const part of text.split(',')) {
    const [range = '', stepText] = part.split('/');
    const step = stepText === undefined ? 1 : Number(stepText);
    const [first, last] = rangeOf(range, field, stepText !== undefined);
    if (
      !Number.isInteger(step) ||
      step < 1 ||
      !(first >= field.first && last <= field.last && first <= last)
    ) {
      throw new Error(`not a valid ${field.name}: ${part}`);
    }
    for (let value = first; value <= last; value += step) values.add(value);
  }
  return values;
}

function rangeOf(range: string, field: (typeof fields)[number], hasStep: boolean): [number, number] {
  if (range === '*' || range === '?') return [field.first, field.last];
  const [from = '', to] = range.split('-');
  const first = numberOf(from, field.names);
  if (to !== undefined) return [first, numberOf(to, field.names)];
  return [first, hasStep ? field.last : first];
}

function numberOf(text: string, names: readonly string[]): number {
  const named = text === '' ? -1 : names.indexOf(text.toLowerCase());
  if (named >= 0) return named;
  return /^\d+$/.test(text) ? Number(text) : Number.NaN;
}
