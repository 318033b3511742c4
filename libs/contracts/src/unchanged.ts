/**
 * Whoever writes back what he has read, and changed a part of it, means that part. What his body may not say is left out where it says what
 * is there already.
 */
import type { z } from 'zod';

type Path = readonly PropertyKey[];
type Issue = z.core.$ZodIssue;

/** Each round sees what the one before it hid: fields within a field that no alternative of a union has. */
const ROUNDS = 4;

/** `body` without what `schema` refuses of it and `shown` says as well, or which is only `told` and may have moved on. */
export function unchangedLeftOut(
  schema: z.ZodType,
  body: unknown,
  shown: unknown,
  told: readonly string[] = [],
): unknown {
  const left = JSON.parse(JSON.stringify(body)) as unknown;
  const found = finder(shown, new Set(told));
  for (let round = 0; round < ROUNDS; round++) {
    const { error } = schema.safeParse(left);
    if (error === undefined) break;
    const dropped = refusedPlaces(error).filter((path) => drop(left, path, found));
    if (dropped.length === 0) break;
  }
  return left;
}

/**
 * Where something is that the schema refuses: a field that it does not know, or one of the object itself whose value it does not take. Within
 * a list, where what is not said is not kept, a value that is refused stays and is refused.
 */
function refusedPlaces({ issues }: z.ZodError): Path[] {
  return issues.flatMap((issue) => placesOf(issue, []));
}

function placesOf(issue: Issue, above: Path): Path[] {
  const here = [...above, ...issue.path];
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => [...here, key]);
  if (issue.code !== 'invalid_union') return here.length === 1 ? [here] : [];
  return refusedByAll(issue.errors, here);
}

/** What one alternative refuses may be what makes it another one. */
function refusedByAll(alternatives: readonly (readonly Issue[])[], here: Path): Path[] {
  const close = alternatives.filter((issues) => !issues.some(isOfAnotherKind));
  const [first = [], ...others] = close.map((issues) => issues.flatMap((each) => placesOf(each, here)));
  const rest = others.map((places) => new Set(places.map(keyOf)));
  const common = first.filter((path) => rest.every((places) => places.has(keyOf(path))));
  return common.length > 0 || here.length !== 1 ? common : [here];
}

/** Text where an object is meant, say. */
const isOfAnotherKind = ({ code, path }: Issue): boolean => code === 'invalid_type' && path.length === 0;
const keyOf = (path: Path): string => JSON.stringify(path);

/** True where it was there, and was dropped. */
function drop(body: unknown, path: Path, finder: Finder): boolean {
  let [here, shown] = [body, finder.root];
  for (const step of path.slice(0, -1)) {
    const next = fieldOf(here, step);
    shown = Array.isArray(shown) ? finder.at(shown, Number(step), next) : fieldOf(shown, step);
    here = next;
  }
  const key = path.at(-1);
  if (key === undefined || !has(here, key) || !has(shown, key)) return false;
  const isTold = path.length === 1 && finder.told.has(key);
  return (isTold || isSame(here[key], shown[key])) && Reflect.deleteProperty(here, key);
}

interface Finder {
  readonly root: unknown;
  readonly told: ReadonlySet<PropertyKey>;
  readonly at: (list: readonly unknown[], index: number, item: unknown) => unknown;
}

/** An entry that has an href is the entry of that href, wherever in its list it is sent. */
function finder(root: unknown, told: ReadonlySet<PropertyKey>): Finder {
  const known = new Map<readonly unknown[], Map<unknown, unknown>>();
  return {
    root,
    told,
    at: (list, index, item) => {
      const href = fieldOf(item, 'href');
      if (href === undefined) return list[index];
      let byHref = known.get(list);
      if (byHref === undefined)
        known.set(list, (byHref = new Map(list.map((each) => [fieldOf(each, 'href'), each]))));
      return byHref.get(href);
    },
  };
}

type Fields = Readonly<Record<PropertyKey, unknown>>;

const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const has = (value: unknown, key: PropertyKey): value is Fields =>
  isObject(value) && Object.hasOwn(value, key);

function fieldOf(value: unknown, key: PropertyKey): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
  return (value as Fields)[key];
}

/** As JSON, in whatever order a client writes its fields. */
function isSame(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (Array.isArray(one) && Array.isArray(other))
    return one.length === other.length && one.every((each, index) => isSame(each, other[index]));
  if (!isObject(one) || !isObject(other)) return false;
  const keys = Object.keys(one);
  return (
    keys.length === Object.keys(other).length &&
    keys.every((key) => Object.hasOwn(other, key) && isSame(one[key], other[key]))
  );
}
