/**
 * Whether two JSON values say the same, whatever the order of keys (a database may change it); absent and undefined are
 * one. Events are emitted only on a real change.
 */
export function isSameValue(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a)) return Array.isArray(b) && isSameList(a, b);
  return !Array.isArray(b) && isSameObject(a as JsonObject, b as JsonObject);
}

type JsonObject = Readonly<Record<string, unknown>>;

const isSameList = (a: readonly unknown[], b: readonly unknown[]): boolean =>
  a.length === b.length && a.every((one, i) => isSameValue(one, b[i]));

/** Without a set of keys in between: this is asked for every object of policy that is given again. */
const isSameObject = (a: JsonObject, b: JsonObject): boolean =>
  Object.keys(a).every((key) => isSameValue(a[key], b[key])) &&
  Object.keys(b).every((key) => b[key] === undefined || Object.hasOwn(a, key));
