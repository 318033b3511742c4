/** The Secrets and ConfigMaps that a workload's Pods cannot start without, each with the key that is asked of it. Pure. */
import type { ContainerSpec } from '@ringfence/sandbox';
import type { DescribedWorkload } from './described.js';

export type ReferenceKind = 'Secret' | 'ConfigMap';

export interface Reference {
  readonly kind: ReferenceKind;
  readonly name: string;
  readonly key?: string;
}

/** As environments and volumes name them. */
interface Named {
  readonly name?: string | undefined;
  readonly secretName?: string;
  readonly key?: string;
  readonly items?: readonly { readonly key: string }[];
  readonly optional?: boolean;
}

export function containersOf({ pod: { spec } }: DescribedWorkload): ContainerSpec[] {
  return [...(spec.initContainers ?? []), ...spec.containers];
}

export function referencesOf(workload: DescribedWorkload | undefined): Reference[] {
  if (workload === undefined) return [];
  const volumes = (workload.pod.spec.volumes ?? []).flatMap(({ projected, ...own }) => [
    own,
    ...(projected?.sources ?? []),
  ]);
  return [
    ...containersOf(workload).flatMap(referencesOfContainer),
    ...volumes.flatMap(({ secret, configMap }) => both(secret, configMap)),
  ];
}

function referencesOfContainer({ env = [], envFrom = [] }: ContainerSpec): Reference[] {
  return [
    ...envFrom.flatMap(({ secretRef, configMapRef }) => both(secretRef, configMapRef)),
    ...env.flatMap(({ valueFrom = {} }) => both(valueFrom.secretKeyRef, valueFrom.configMapKeyRef)),
  ];
}

function both(secret: Named | undefined, configMap: Named | undefined): Reference[] {
  return [...one('Secret', secret), ...one('ConfigMap', configMap)];
}

function one(kind: ReferenceKind, named: Named = {}): Reference[] {
  const name = named.name ?? named.secretName;
  if (name === undefined || named.optional) return [];
  const keys = keysOf(named);
  return keys.length === 0 ? [{ kind, name }] : keys.map((key) => ({ kind, name, key }));
}

function keysOf({ key, items = [] }: Named): string[] {
  return [key, ...items.map((item) => item.key)].filter((asked) => asked !== undefined);
}
