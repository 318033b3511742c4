/** Names that people give → the entities that they may mean. */
import { endNamed } from '@ringfence/labels';
import type { NamedAs } from '@ringfence/labels';
import { canonicalAddress } from '@ringfence/policy-engine';
import type { EntityFact } from './facts.js';

export interface KnownEntities {
  readonly entities: ReadonlyMap<string, EntityFact>;
}

/** Which class of entity a word in front means; of a Pod's own name no cluster tells. */
const CLASSES: Readonly<Record<NamedAs, EntityFact['class'] | null>> = {
  ...{ workload: 'pod', service: 'service', node: 'node', pod: null },
};

/** Everything that the text may mean here. */
export function entitiesNamed(text: string, known: KnownEntities): EntityFact[] {
  const { name, as } = endNamed(text);
  const found = byName(name, known);
  if (as === null) return preferred(found);
  return found.filter((entity) => entity.class === CLASSES[as]);
}

function byName(text: string, { entities: known }: KnownEntities): EntityFact[] {
  const byId = known.get(text);
  if (byId !== undefined) return [byId];
  const entities = [...known.values()];
  const address = canonicalAddress(text);
  if (address !== null) return entities.filter((entity) => entity.addresses.includes(address)).slice(0, 1);
  const slash = text.indexOf('/');
  return entities.filter((entity) =>
    slash < 0
      ? entity.namespace === null && entity.name === text
      : entity.namespace === text.slice(0, slash) && entity.name === text.slice(slash + 1),
  );
}

function preferred(found: EntityFact[]): EntityFact[] {
  // A Service in front of a workload often has its name: the workload is meant.
  const meant = found.filter((entity) => entity.class === 'pod');
  return meant.length > 0 ? meant : found;
}
