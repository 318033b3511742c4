/** Which objects a list shows. Names match in part, external references as a whole; what else a type knows is in its kind. */
import type { ProvisionableType } from '@ringfence/contracts';
import { exact, partial } from '@ringfence/resources';
import type { Filters } from '@ringfence/resources';
import type { PolicyObject } from '../../domain/policy-object.js';
import { kindOf } from '../../objects/kinds.js';
import { contains } from '../../objects/wanted.js';

interface Listed {
  readonly object: PolicyObject;
}

const external = (field: string) =>
  exact<Listed>(({ object }) => object.extras?.[field] as string | undefined);

const COMMON: Filters<Listed> = {
  name: partial(({ object }) => object.name),
  // A parameter that a type does not know matches everything.
  description: ({ object }, wanted) => !('description' in object) || contains(object.description, wanted),
  external_data_set: external('external_data_set'),
  external_data_reference: external('external_data_reference'),
};

export function filtersOf(type: ProvisionableType): Filters<Listed> {
  const own = Object.entries(kindOf(type).filters ?? {}).map(
    ([name, matches]) => [name, ({ object }: Listed, wanted: string) => matches(object, wanted)] as const,
  );
  return { ...COMMON, ...Object.fromEntries(own) };
}
