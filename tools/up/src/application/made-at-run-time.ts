/**
 * Secrets and ConfigMaps that an application would make itself: by a Job that runs `kubectl create secret`, by an operator that reads
 * a custom resource, by whoever a Role lets write them. Stubs do none of that. What is needed, missing, and named by such a maker
 * is made with the keys that are asked for; what nobody names stays missing, and its Pods say so. Pure.
 */
import { describedWorkload } from './described.js';
import { KnownKinds } from './known-kinds.js';
import type { LocatedManifest, Manifest } from './manifests.js';
import { containersOf, referencesOf } from './references.js';
import type { ReferenceKind } from './references.js';

export interface MadeObject extends LocatedManifest {
  /** Who would have made it, for people. */
  readonly maker: string;
}

interface Needed {
  readonly kind: ReferenceKind;
  readonly namespace: string;
  readonly name: string;
  readonly place: string;
  readonly keys: Set<string>;
}

const MAKING = /\b(create|apply|secret|secrets|configmap|certgen)\b/i;
const PLACEHOLDER = 'a placeholder: the sandbox runs no program that would make it';
const ROLES = new Set(['Role', 'ClusterRole']);

export function madeAtRunTime(objects: readonly LocatedManifest[]): MadeObject[] {
  const kinds = new KnownKinds([]);
  return [...neededBy(objects).values()].flatMap((needed) => {
    const maker = objects.find(({ manifest }) => makes(manifest, needed.name, kinds));
    return maker ? [placeholder(needed, maker.manifest)] : [];
  });
}

function neededBy(objects: readonly LocatedManifest[]): Map<string, Needed> {
  const given = new Set(objects.map(({ manifest }) => keyOf(manifest.kind, manifest.metadata)));
  const needed = new Map<string, Needed>();
  for (const { manifest, place } of objects) {
    const { namespace = 'default' } = manifest.metadata;
    for (const { kind, name, key } of referencesOf(describedWorkload(manifest))) {
      const id = keyOf(kind, { namespace, name });
      if (given.has(id)) continue;
      const entry = needed.get(id) ?? { ...{ kind, namespace, name, place }, keys: new Set<string>() };
      if (key !== undefined) entry.keys.add(key);
      needed.set(id, entry);
    }
  }
  return needed;
}

const keyOf = (kind: string, { namespace = 'default', name }: Manifest['metadata']): string =>
  `${kind} ${namespace}/${name}`;

function makes(manifest: Manifest, name: string, kinds: KnownKinds): boolean {
  const workload = describedWorkload(manifest);
  if (workload)
    return containersOf(workload).some(({ command = [], args = [] }) =>
      commandMakes([...command, ...args].join(' '), name),
    );
  if (ROLES.has(manifest.kind) || !kinds.find(manifest)) return holds(manifest, name);
  return false;
}

function commandMakes(text: string, name: string): boolean {
  const words = text.split(/[^\w.-]+/);
  return words.includes(name) && MAKING.test(text);
}

function holds(value: unknown, name: string): boolean {
  if (value === name) return true;
  return (
    typeof value === 'object' && value !== null && Object.values(value).some((part) => holds(part, name))
  );
}

function placeholder({ kind, namespace, name, place, keys }: Needed, maker: Manifest): MadeObject {
  const text = Object.fromEntries([...keys].map((key) => [key, PLACEHOLDER]));
  const manifest = {
    ...{ apiVersion: 'v1', kind },
    metadata: { name, namespace, annotations: { 'ringfence.io/made-for': place } },
    [kind === 'Secret' ? 'stringData' : 'data']: text,
  };
  return { manifest, place, maker: `${maker.kind} ${maker.metadata.name}` };
}
