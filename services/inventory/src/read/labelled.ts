/**
 * What label-resolver said: labels, profiles and the labels of entities, kept to be shown, and to tell whether a label that
 * a caller names exists. No event of inventory follows from these rows by itself, so the facts lane does not turn back.
 */
import { mirror } from '@ringfence/event-store';
import type { EntityManager } from 'typeorm';

export interface KnownLabel {
  readonly id: string;
  readonly key: string;
  readonly value: string;
}
export interface KnownProfile {
  readonly id: string;
  readonly name: string;
  readonly visibilityLevel?: string | undefined;
}

export const labelled = mirror({ kinds: ['label', 'profile', 'entity'] });

/** By `cluster/namespace`. */
export async function profilesByNamespace(entities: EntityManager): Promise<Map<string, KnownProfile>> {
  const profiles = [...(await labelled.all(entities, 'profile')).values()];
  return new Map(
    profiles.flatMap(({ cluster, namespace, id, name, visibilityLevel }) =>
      namespace === null ? [] : [[`${cluster}/${namespace}`, { id, name, visibilityLevel }] as const],
    ),
  );
}
