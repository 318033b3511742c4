/**
 * Server-side apply: merges what a manager applies into the object, takes away what it applied before and no longer does
 * (unless another manager owns it too), and keeps the record of ownership. Conflicts between managers are not reported: the
 * last one to apply wins.
 */
import { isJsonObject, jsonOf } from './json.js';
import type { Json, JsonObject } from './json.js';
import { isKubeObject } from './kube-object.js';
import type { KubeObject, ManagedFields } from './kube-object.js';
import { isSameItem, isSet, keyValue, mergeKeysOf } from './merge-keys.js';
import { apiVersionOf } from './resource-definition.js';
import type { ResourceDefinition } from './resource-definition.js';
import { badRequest } from './status-error.js';
import { applyStrategicMerge } from './strategic-merge.js';

export interface Applied {
  definition: ResourceDefinition;
  configuration: JsonObject;
  manager: string;
  time: string;
  subresource?: string | undefined;
}

export function applyConfiguration(current: KubeObject, applied: Applied): KubeObject {
  const { configuration, manager, definition } = applied;
  const managed = current.metadata.managedFields ?? [];
  const isMine = (entry: ManagedFields): boolean =>
    entry.manager === manager && entry.operation === 'Apply' && entry.subresource === applied.subresource;
  const fields = ownedFields(configuration, [definition.kind]);
  const before = managed.find(isMine)?.fieldsV1 ?? {};
  const others = managed
    .filter((entry) => !isMine(entry) && entry.operation === 'Apply')
    .map((entry) => entry.fieldsV1);
  const trimmed = withoutFields(jsonOf(current), before, [fields, ...others]);
  const merged = applyStrategicMerge(trimmed, withoutIdentity(configuration), [definition.kind]);
  if (!isKubeObject(merged)) throw badRequest('what is left after the configuration is applied is no object');
  const entry: ManagedFields = {
    manager,
    operation: 'Apply',
    apiVersion: apiVersionOf(definition),
    time: applied.time,
    fieldsType: 'FieldsV1',
    fieldsV1: fields,
    ...(applied.subresource === undefined ? {} : { subresource: applied.subresource }),
  };
  merged.metadata = {
    ...merged.metadata,
    managedFields: [...managed.filter((other) => !isMine(other)), entry],
  };
  return merged;
}

function withoutIdentity(configuration: JsonObject): JsonObject {
  const given = configuration['metadata'];
  const metadata = isJsonObject(given) ? { ...given } : {};
  for (const key of ['resourceVersion', 'managedFields', 'creationTimestamp', 'uid']) delete metadata[key];
  return { ...configuration, metadata };
}

const identityFields = new Set(['apiVersion', 'kind', 'metadata.name', 'metadata.namespace']);

/** The set of fields a configuration names, in the form Kubernetes records it (`f:` fields, `k:` keyed items, `v:` values). */
function ownedFields(value: JsonObject, path: readonly string[]): JsonObject {
  const fields: JsonObject = {};
  for (const [key, child] of Object.entries(value)) {
    const childPath = [...path, key];
    if (child === undefined || child === null || identityFields.has(childPath.slice(1).join('.'))) continue;
    if (isJsonObject(child)) fields[`f:${key}`] = ownedFields(child, childPath);
    else fields[`f:${key}`] = Array.isArray(child) ? ownedItems(child, childPath) : {};
  }
  return fields;
}

function ownedItems(items: Json[], path: readonly string[]): JsonObject {
  if (isSet(path)) return Object.fromEntries(items.map((item) => [`v:${JSON.stringify(item)}`, {}]));
  const keys = mergeKeysOf(path);
  if (keys === undefined) return {};
  const owned = items.filter(isJsonObject).map((item): [string, JsonObject] => {
    const identity = Object.fromEntries(keys.map((key) => [key, keyValue(item, key) ?? null]));
    return [`k:${JSON.stringify(identity)}`, ownedFields(item, path)];
  });
  return Object.fromEntries(owned);
}

function withoutFields(target: JsonObject, fields: JsonObject, kept: readonly JsonObject[]): JsonObject {
  const result = { ...target };
  for (const [name, inner] of Object.entries(fields)) {
    const key = name.slice(2);
    const present = result[key];
    if (!name.startsWith('f:') || present === undefined) continue;
    const remaining = trimmed(present, inner as JsonObject, childrenOf(kept, name));
    if (remaining === undefined) delete result[key];
    else result[key] = remaining;
  }
  return result;
}

/** What the other owners say about one field; undefined entries are owners that do not name it. */
function childrenOf(kept: readonly JsonObject[], name: string): JsonObject[] {
  return kept.map((fields) => fields[name]).filter(isJsonObject);
}

function trimmed(present: Json, fields: JsonObject, kept: JsonObject[]): Json | undefined {
  const isLeaf = Object.keys(fields).length === 0;
  if (isLeaf) return kept.length === 0 && !isFilledMap(present) ? undefined : present;
  if (Array.isArray(present)) return trimmedItems(present, fields, kept);
  if (!isJsonObject(present)) return present;
  const result = withoutFields(present, fields, kept);
  return Object.keys(result).length === 0 && kept.length === 0 ? undefined : result;
}

/** A map applied as `{}` and filled by others since then is theirs. */
function isFilledMap(value: Json): boolean {
  return isJsonObject(value) && Object.keys(value).length > 0;
}

function trimmedItems(items: Json[], fields: JsonObject, kept: JsonObject[]): Json[] | undefined {
  let result = [...items];
  for (const [name, inner] of Object.entries(fields)) {
    const owners = childrenOf(kept, name);
    const identity = JSON.parse(name.slice(2)) as Json;
    if (owners.length === 0) result = result.filter((item) => !isIdentified(item, identity));
    else
      result = result.map((item) =>
        isIdentified(item, identity) ? withoutFields(item as JsonObject, inner as JsonObject, owners) : item,
      );
  }
  return result.length === 0 && kept.length === 0 ? undefined : result;
}

function isIdentified(item: Json, identity: Json): boolean {
  return isJsonObject(identity) ? isSameItem(item, identity, Object.keys(identity)) : item === identity;
}
