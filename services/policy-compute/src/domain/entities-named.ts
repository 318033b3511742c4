/** Names that people give → the entities that they may mean. */
import { canonicalAddress } from '@ringfence/policy-engine';
import type { EntityFact } from './facts.js';

export interface KnownEntities {
  readonly entities: ReadonlyMap<string, EntityFact>;
}

/** Everything that the text may mean here. */
export function entitiesNamed(text: string, { entities: known }: KnownEntities): EntityFact[] {
  const byId = known.get(text);
  if (byId !== undefined) return [byId];
  const entities = [...known.values()];
  const address = canonicalAddress(text);
  if (address !== null) return entities.filter((entity) => entity.addresses.includes(address)).slice(0, 1);
  const slash = text.indexOf('/');
  const found = entities.filter((entity) =>
    slash < 0
      ? entity.namespace === null && entity.name === text
      : entity.namespace === text.slice(0, slash) && entity.name === text.slice(slash + 1),
  );
  // A Service in front of a workload often has its name: the workload is meant.
  const meant = found.filter((entity) => entity.class === 'pod');
  return meant.length > 0 ? meant : found;
}
