/** What objects name: other policy objects, labels, workloads. Read off the domain form, the same way for every question. */
import type { ProvisionableType, RuleActor, ServiceRef } from '@ringfence/contracts';
import type { PolicyObject } from './policy-object.js';

export type ReferenceKind = 'labels' | 'workloads' | 'virtual_services' | ProvisionableType;
export interface ObjectReference {
  readonly kind: ReferenceKind;
  readonly id: string;
}

export const referenceText = (reference: ObjectReference): string => `${reference.kind}/${reference.id}`;

const KIND_OF_ACTOR: Partial<Record<RuleActor['kind'], ReferenceKind>> = {
  label: 'labels',
  label_group: 'label_groups',
  workload: 'workloads',
  ip_list: 'ip_lists',
  virtual_service: 'virtual_services',
};

interface Sides {
  readonly providers: readonly RuleActor[];
  readonly consumers: readonly RuleActor[];
  readonly services: readonly ServiceRef[];
}

function ofActors(actors: readonly RuleActor[]): ObjectReference[] {
  return actors.flatMap((actor) => {
    const kind = KIND_OF_ACTOR[actor.kind];
    return kind !== undefined && 'id' in actor ? [{ kind, id: actor.id }] : [];
  });
}

function ofSides({ providers, consumers, services }: Sides): ObjectReference[] {
  const named = services.flatMap((service) =>
    service.kind === 'service' ? [{ kind: 'services' as const, id: service.id }] : [],
  );
  return [...ofActors(providers), ...ofActors(consumers), ...named];
}

type Readers = { readonly [T in ProvisionableType]: (object: PolicyObject<T>) => ObjectReference[] };

const READERS: Readers = {
  ip_lists: () => [],
  services: () => [],
  label_groups: (group) => [
    ...group.labels.map((id) => ({ kind: 'labels' as const, id })),
    ...group.subGroups.map((id) => ({ kind: 'label_groups' as const, id })),
  ],
  rule_sets: (ruleSet) => [
    ...ruleSet.scopes.flatMap(ofActors),
    ...ruleSet.rules.flatMap(ofSides),
    ...ruleSet.denyRules.flatMap(ofSides),
  ],
  enforcement_boundaries: ofSides,
};

/** Without repetitions, in the order in which they are first named. */
export function referencesOf<T extends ProvisionableType>(
  type: T,
  object: PolicyObject<T>,
): ObjectReference[] {
  const seen = new Map(READERS[type](object).map((reference) => [referenceText(reference), reference]));
  return [...seen.values()];
}
