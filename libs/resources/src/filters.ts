/** What a list shows: the query's filters and its limit. */
import { CallError } from '@ringfence/bus';
import type { ResourceRequest } from '@ringfence/contracts';
import { invalid } from './resource.js';

type Query = ResourceRequest['query'];

/** How one query parameter narrows a collection. Parameters that a collection does not know are ignored. */
export type Filter<T> = (item: T, wanted: string) => boolean;
export type Filters<T> = Readonly<Record<string, Filter<T>>>;

export const partial =
  <T>(field: (item: T) => string | null | undefined): Filter<T> =>
  (item, wanted) =>
    field(item)?.toLowerCase().includes(wanted.toLowerCase()) ?? false;
/** Leaves out what has no value at all: clients clean up by these filters. */
export const exact =
  <T>(field: (item: T) => string | null | undefined): Filter<T> =>
  (item, wanted) =>
    field(item) === wanted;
/** Python clients write `True`, and some `yes`. */
export const isTrue = (wanted: string): boolean => ['true', 'yes'].includes(wanted.toLowerCase());
export const flag =
  <T>(field: (item: T) => boolean): Filter<T> =>
  (item, wanted) =>
    field(item) === isTrue(wanted);
/** JSON list of lists of label hrefs: AND inside, OR between. */
export const byLabels =
  <T>(labels: (item: T) => readonly string[]): Filter<T> =>
  (item, wanted) => {
    const lists = jsonList(wanted, 'labels');
    const carried = new Set(labels(item));
    return (
      lists.length === 0 ||
      lists.some(
        (list) =>
          Array.isArray(list) && list.every((href) => carried.has(String(href).split('/').at(-1) ?? '')),
      )
    );
  };
export const byHrefs =
  <T>(id: (item: T) => string | null, name: string): Filter<T> =>
  (item, wanted) =>
    jsonList(wanted, name).some((href) => String(href).split('/').at(-1) === id(item));

type Words<T> = (item: T) => string | readonly string[] | null | undefined;
const known = (words: readonly string[], wanted: string, name: string): string => {
  if (!words.includes(wanted))
    throw invalid(`${name}: "${wanted.slice(0, 60)}" is none of ${words.join(', ')}`);
  return wanted;
};
/** One of these words: another is a mistake, and not what nothing has. */
export const byWord =
  <T>(name: string, words: readonly string[], field: Words<T>): Filter<T> =>
  (item, wanted) =>
    [field(item)].flat().includes(known(words, wanted, name));
/** JSON list of such words. */
export const byWords =
  <T>(name: string, words: readonly string[], field: Words<T>): Filter<T> =>
  (item, wanted) =>
    jsonList(wanted, name).some((each) => [field(item)].flat().includes(known(words, String(each), name)));

type Time<T> = (item: T) => Date | null | undefined;
/** Up to then; what has no such time is not. */
export const until =
  <T>(name: string, field: Time<T>): Filter<T> =>
  (item, wanted) =>
    (field(item)?.getTime() ?? Number.NaN) <= instant(wanted, name);
/** `name[gte]` and `name[lte]`. */
export const byTime = <T>(name: string, field: Time<T>): Filters<T> => ({
  [`${name}[gte]`]: (item, wanted) =>
    (field(item)?.getTime() ?? Number.NaN) >= instant(wanted, `${name}[gte]`),
  [`${name}[lte]`]: until(`${name}[lte]`, field),
});

function instant(text: string, name: string): number {
  const time = /^\d{4}-\d\d-\d\dT/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(time))
    throw invalid(`${name}: "${text.slice(0, 60)}" is no time; write 2026-01-31T12:00:00Z`);
  return time;
}

/**
 * Of published parameters that say what is not kept here: ignored, they would show everything, and clients act on what they are
 * shown.
 */
export function refuseFilters(query: Query, names: readonly string[]): void {
  const asked = names.find((name) => query[name] !== undefined);
  if (asked !== undefined)
    throw CallError.of(
      'INVALID_ARGUMENT',
      'unsupported_filter',
      `${asked}: this server keeps nothing to tell by`,
    );
}

function jsonList(text: string, name: string): unknown[] {
  try {
    const value: unknown = JSON.parse(text);
    if (Array.isArray(value)) return value;
  } catch {
    // Not JSON: refused below, like JSON of another shape.
  }
  throw invalid(`${name}: must be a JSON list`);
}

const DEFAULT_LIMIT = 500;

export function page<T>(
  items: readonly T[],
  query: Query,
  filters: Filters<T>,
): { matched: T[]; shown: T[] } {
  const active = Object.entries(filters).flatMap(([name, filter]) => {
    const wanted = query[name];
    return wanted === undefined ? [] : [(item: T) => filter(item, wanted)];
  });
  const matched = items.filter((item) => active.every((test) => test(item)));
  return { matched, shown: matched.slice(0, maxResults(query)) };
}

/** How many a list shows at most; 0 asks for the count alone. */
export function maxResults(query: Query): number {
  const text = query['max_results'];
  if (text === undefined) return DEFAULT_LIMIT;
  if (!/^[0-9]{1,9}$/.test(text)) throw invalid('max_results: must be a number');
  return Number(text);
}
