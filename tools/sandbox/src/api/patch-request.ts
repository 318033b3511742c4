/** PATCH: picks the kind of patch by content type, applies it to what is stored and writes the result. */
import type { Cluster, WriteOptions } from './cluster.js';
import { contentTypeOf, parseText, parseYamlOrJson, readBody } from './http-exchange.js';
import type { Exchange } from './http-exchange.js';
import { applyJsonPatch, applyMergePatch } from './json-patch.js';
import type { JsonPatchOperation } from './json-patch.js';
import { isJsonObject, jsonOf } from './json.js';
import type { JsonObject } from './json.js';
import type { KubeObject } from './kube-object.js';
import { objectOfKind, timestamp } from './metadata-rules.js';
import type { RequestTarget } from './request-target.js';
import { applyConfiguration } from './server-side-apply.js';
import { badRequest, unsupportedMediaType } from './status-error.js';
import { applyStrategicMerge } from './strategic-merge.js';

const applyType = 'application/apply-patch+yaml';

export async function patchObject(
  cluster: Cluster,
  exchange: Exchange,
  target: RequestTarget,
  name: string,
): Promise<{ object: KubeObject; isNew: boolean }> {
  const { definition, namespace } = target;
  const type = contentTypeOf(exchange.request);
  const text = await readBody(exchange.request);
  const isStatus = target.subresource === 'status';
  const options: WriteOptions = {
    dryRun: exchange.query.getAll('dryRun').includes('All'),
    ...(isStatus ? { subresource: 'status' as const } : {}),
  };
  if (type === applyType) return applyPatch(cluster, exchange, { ...target, name }, { text, options });
  const current = cluster.get(definition, namespace, name);
  const patched = patchedValue(type, text, jsonOf(current), target);
  const object = objectOfKind(definition, patched);
  if (object.metadata.name !== name) throw badRequest('the name of the object may not be changed by a patch');
  return { object: cluster.update(definition, object, options), isNew: false };
}

/** Also used for patches of the scale subresource, which is not a stored object. */
export function patchedValue(
  type: string,
  text: string,
  current: JsonObject,
  { definition }: RequestTarget,
): JsonObject {
  const patch = parseText(text, JSON.parse);
  if (type === 'application/json-patch+json') {
    if (!Array.isArray(patch)) throw badRequest('a JSON patch is a list of operations');
    return applyJsonPatch(current, patch as JsonPatchOperation[]);
  }
  if (!isJsonObject(patch)) throw badRequest('a merge patch is an object');
  if (type === 'application/merge-patch+json') return applyMergePatch(current, patch) as JsonObject;
  if (type === 'application/strategic-merge-patch+json' && !definition.isCustom) {
    return applyStrategicMerge(current, patch, [definition.kind]);
  }
  throw unsupportedMediaType(type);
}

async function applyPatch(
  cluster: Cluster,
  exchange: Exchange,
  target: RequestTarget & { name: string },
  request: { text: string; options: WriteOptions },
): Promise<{ object: KubeObject; isNew: boolean }> {
  const { definition, namespace, name } = target;
  const manager = exchange.query.get('fieldManager');
  if (!manager) throw badRequest('fieldManager: Required value: is required for apply patch');
  const sent = objectOfKind(definition, parseText(request.text, parseYamlOrJson));
  sent.metadata.name ??= name;
  if (sent.metadata.name !== name)
    throw badRequest('the name of the applied object does not match the name on the URL');
  const applied = {
    definition,
    configuration: jsonOf(sent),
    manager,
    time: timestamp(cluster.now()),
    subresource: target.subresource,
  };
  const current = cluster.find(definition, namespace, name);
  if (current !== undefined)
    return {
      object: cluster.update(definition, applyConfiguration(current, applied), request.options),
      isNew: false,
    };
  const empty: KubeObject = { apiVersion: sent.apiVersion, kind: sent.kind, metadata: { name } };
  if (definition.namespaced) empty.metadata.namespace = namespace ?? 'default';
  return {
    object: await cluster.create(definition, applyConfiguration(empty, applied), request.options),
    isNew: true,
  };
}
