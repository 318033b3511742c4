/**
 * Which lists inside Kubernetes objects are maps in disguise, and by which fields their items are told apart. Lists without
 * a row are replaced as a whole. One table serves strategic merge patches (one key) and server-side apply (all keys).
 */
import { isJsonObject } from './json.js';
import type { Json, JsonObject } from './json.js';

/** By the list's own field name, optionally preceded by its parent's; the longer name wins. */
const keysByPath: Readonly<Record<string, readonly string[]>> = {
  containers: ['name'],
  initContainers: ['name'],
  ephemeralContainers: ['name'],
  env: ['name'],
  volumes: ['name'],
  volumeMounts: ['mountPath'],
  volumeDevices: ['devicePath'],
  imagePullSecrets: ['name'],
  'metadata.ownerReferences': ['uid'],
  'status.conditions': ['type'],
  'status.addresses': ['type'],
  'status.podIPs': ['ip'],
  'status.hostIPs': ['ip'],
  'spec.hostAliases': ['ip'],
  'spec.topologySpreadConstraints': ['topologyKey', 'whenUnsatisfiable'],
  'spec.resourceClaims': ['name'],
  'resources.claims': ['name'],
  'containers.ports': ['containerPort', 'protocol'],
  'initContainers.ports': ['containerPort', 'protocol'],
  'Service.spec.ports': ['port', 'protocol'],
  'ServiceAccount.secrets': ['name'],
  'MutatingWebhookConfiguration.webhooks': ['name'],
  'ValidatingWebhookConfiguration.webhooks': ['name'],
};

/** Lists of plain values that are sets: a patch adds to them. */
const sets = new Set(['metadata.finalizers', 'spec.podCIDRs', 'Namespace.spec.finalizers']);

/** `path` holds field names only, without list positions; it starts with the kind. */
export function mergeKeysOf(path: readonly string[]): readonly string[] | undefined {
  for (const length of [3, 2, 1]) {
    const keys = keysByPath[path.slice(-length).join('.')];
    if (keys !== undefined) return keys;
  }
  return undefined;
}

export function isSet(path: readonly string[]): boolean {
  return [3, 2].some((length) => sets.has(path.slice(-length).join('.')));
}

export function isSameItem(left: Json, right: Json, keys: readonly string[]): boolean {
  if (!isJsonObject(left) || !isJsonObject(right)) return false;
  return keys.every((key) => keyValue(left, key) === keyValue(right, key));
}

/** A port without a protocol is a TCP port, also before defaults have been written. */
export function keyValue(item: JsonObject, key: string): Json | undefined {
  return item[key] ?? (key === 'protocol' ? 'TCP' : undefined);
}
