/**
 * Strategic merge patch as kubectl sends it: maps merge, lists with merge keys merge item by item, other lists are replaced;
 * null deletes; `$patch: delete|replace`, `$deleteFromPrimitiveList/…`, `$setElementOrder/…` and `$retainKeys` are obeyed.
 */
import { copyOf, isEqual, isJsonObject } from './json.js';
import type { Json, JsonObject } from './json.js';
import { isSameItem, isSet, mergeKeysOf } from './merge-keys.js';

const deleteFromList = '$deleteFromPrimitiveList/';
const setElementOrder = '$setElementOrder/';

/** `path` starts with the kind of the object and holds field names only. */
export function applyStrategicMerge(
  target: JsonObject,
  patch: JsonObject,
  path: readonly string[],
): JsonObject {
  if (patch['$patch'] === 'replace') return withoutDirectives(patch);
  const result: JsonObject = { ...target };
  retainOnly(result, patch['$retainKeys']);
  for (const [key, value] of Object.entries(patch)) {
    if (key.startsWith(deleteFromList)) dropValues(result, key.slice(deleteFromList.length), value);
    else if (!key.startsWith('$')) mergeField(result, key, value, [...path, key]);
  }
  for (const [key, order] of Object.entries(patch)) {
    if (key.startsWith(setElementOrder)) reorder(result, key.slice(setElementOrder.length), order, path);
  }
  return result;
}

function withoutDirectives(patch: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(copyOf(patch)).filter(([key]) => !key.startsWith('$')));
}

function retainOnly(result: JsonObject, keys: Json | undefined): void {
  if (!Array.isArray(keys)) return;
  for (const key of Object.keys(result)) if (!keys.includes(key)) delete result[key];
}

function dropValues(result: JsonObject, key: string, values: Json | undefined): void {
  const present = result[key];
  if (!Array.isArray(present) || !Array.isArray(values)) return;
  result[key] = present.filter((item) => !values.some((value) => isEqual(item, value)));
}

function mergeField(result: JsonObject, key: string, value: Json | undefined, path: readonly string[]): void {
  const present = result[key];
  if (value === null || value === undefined) delete result[key];
  else if (Array.isArray(value)) result[key] = mergeList(Array.isArray(present) ? present : [], value, path);
  else if (!isJsonObject(value)) result[key] = value;
  else if (value['$patch'] === 'delete') delete result[key];
  else result[key] = applyStrategicMerge(isJsonObject(present) ? present : {}, value, path);
}

function mergeList(present: Json[], patch: Json[], path: readonly string[]): Json[] {
  if (isSet(path)) return [...present, ...patch.filter((value) => !present.includes(value))];
  const keys = mergeKeysOf(path);
  const isReplaced = patch.some(
    (item) => isJsonObject(item) && item['$patch'] === 'replace' && Object.keys(item).length === 1,
  );
  if (keys === undefined || isReplaced)
    return copyOf(patch.filter((item) => !(isJsonObject(item) && item['$patch'] === 'replace')));
  const result = [...present];
  for (const item of patch) if (isJsonObject(item)) mergeItem(result, item, keys, path);
  return result;
}

function mergeItem(result: Json[], item: JsonObject, keys: readonly string[], path: readonly string[]): void {
  // A patch tells items apart by the first key alone unless it names the others too.
  const given = keys.filter((key, index) => index === 0 || item[key] !== undefined);
  const at = result.findIndex((present) => isSameItem(present, item, given));
  if (item['$patch'] === 'delete') {
    if (at >= 0) result.splice(at, 1);
    return;
  }
  const present = result[at];
  if (isJsonObject(present)) result[at] = applyStrategicMerge(present, item, path);
  else result.push(applyStrategicMerge({}, item, path));
}

/** Items the order names come in that order; the others stay behind them, in theirs. */
function reorder(result: JsonObject, key: string, order: Json | undefined, path: readonly string[]): void {
  const present = result[key];
  if (!Array.isArray(present) || !Array.isArray(order)) return;
  const keys = mergeKeysOf([...path, key])?.slice(0, 1);
  const rank = (item: Json): number => {
    const at = order.findIndex((wanted) =>
      keys === undefined ? isEqual(wanted, item) : isSameItem(wanted, item, keys),
    );
    return at < 0 ? order.length : at;
  };
  result[key] = present
    .map((item, index) => ({ item, index, rank: rank(item) }))
    .sort((left, right) => left.rank - right.rank || left.index - right.index)
    .map(({ item }) => item);
}
