/** What a list shows: the query's filters and its limit. */
import type { ResourceRequest } from '@ringfence/contracts';
import { invalid } from './resource.js';

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
/** Python clients write `True`. */
export const isTrue = (wanted: string): boolean => wanted.toLowerCase() === 'true';
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
  query: ResourceRequest['query'],
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
export function maxResults(query: ResourceRequest['query']): number {
  const text = query['max_results'];
  if (text === undefined) return DEFAULT_LIMIT;
  if (!/^[0-9]{1,9}$/.test(text)) throw invalid('max_results: must be a number');
  return Number(text);
}
