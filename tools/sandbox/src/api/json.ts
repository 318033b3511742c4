/** Plain JSON values: the type, and the three questions every layer asks of them (is it a map, are two equal, a copy please). */
export type Json = string | number | boolean | null | Json[] | JsonObject;

export interface JsonObject {
  [key: string]: Json | undefined;
}

/** The same object as a plain map: the typed kinds are JSON, too, but TypeScript gives interfaces no index. */
export const jsonOf = (object: object): JsonObject => object as JsonObject;

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A deep copy. Stored objects are shared between readers, so whoever wants to change one copies it first. */
export function copyOf<T>(value: T): T {
  if (Array.isArray(value)) return value.map(copyOf) as T;
  if (typeof value !== 'object' || value === null) return value;
  const copy: Record<string, unknown> = {};
  for (const [key, field] of Object.entries(value)) if (field !== undefined) copy[key] = copyOf(field);
  return copy as T;
}

/** A deep copy without null fields, as typed storage would keep it: clients write `creationTimestamp: null` and mean nothing by it. */
export function copyWithoutNulls<T>(value: T): T {
  if (Array.isArray(value)) return value.map(copyWithoutNulls) as T;
  if (typeof value !== 'object' || value === null) return value;
  const copy: Record<string, unknown> = {};
  for (const [key, field] of Object.entries(value)) {
    if (field !== undefined && field !== null) copy[key] = copyWithoutNulls(field);
  }
  return copy as T;
}

/** Deep equality where an undefined field equals an absent one and the order of keys does not count. */
export function isEqual(left: unknown, right: unknown): boolean {
  if (left === right) return true;
  if (Array.isArray(left) && Array.isArray(right)) {
    return left.length === right.length && left.every((item, index) => isEqual(item, right[index]));
  }
  if (!isJsonObject(left) || !isJsonObject(right)) return false;
  const keys = new Set([...Object.keys(left), ...Object.keys(right)]);
  for (const key of keys) if (!isEqual(left[key], right[key])) return false;
  return true;
}

/** The value at a dotted path, or undefined; a key that itself contains dots can be given as an array. */
export function valueAt(root: unknown, path: string | readonly string[]): unknown {
  let value = root;
  for (const key of typeof path === 'string' ? path.split('.') : path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Record<string, unknown>)[key];
  }
  return value;
}

/** The map stored under `key`, created when absent, so that defaults can be written into it. */
export function ensureObject(parent: JsonObject, key: string): JsonObject {
  const present = parent[key];
  if (isJsonObject(present)) return present;
  const created: JsonObject = {};
  parent[key] = created;
  return created;
}

export function listAt(root: unknown, path: string | readonly string[]): JsonObject[] {
  const value = valueAt(root, path);
  return Array.isArray(value) ? value.filter(isJsonObject) : [];
}
