/** REST bodies of enforcement boundaries, the older form of deny rules: no scope, a name of their own. */
import { z } from 'zod';
import type { CollectionContracts } from './collection.js';
import { labelsQuery, namedQuery, portsQuery } from './filters.js';
import { externalReference, ObjectName, provisionableMeta } from './href.js';
import { Actors, IngressServices, NetworkType } from './rule-actors.js';
import { Text } from '../text.js';

export const EnforcementBoundaryCreate = z.strictObject({
  name: ObjectName,
  providers: Actors,
  consumers: Actors,
  ingress_services: IngressServices.min(1),
  enabled: z.boolean().optional(),
  network_type: NetworkType.nullish(),
  /** Ours: the published form has none. */
  ...externalReference,
});
export type EnforcementBoundaryCreate = z.infer<typeof EnforcementBoundaryCreate>;
export const EnforcementBoundaryUpdate = EnforcementBoundaryCreate.partial();
export type EnforcementBoundaryUpdate = z.infer<typeof EnforcementBoundaryUpdate>;

export const EnforcementBoundaryItem = z.looseObject({
  ...provisionableMeta,
  name: Text,
  enabled: z.boolean(),
  providers: z.array(z.looseObject({})),
  consumers: z.array(z.looseObject({})),
  ingress_services: z.array(z.looseObject({})),
});

export const enforcementBoundaryCollections = {
  enforcement_boundaries: {
    create: EnforcementBoundaryCreate,
    update: EnforcementBoundaryUpdate,
    item: EnforcementBoundaryItem,
    query: {
      name: namedQuery.name,
      ...labelsQuery,
      ...portsQuery,
      service: Text.describe('href of a service that it names'),
      network_type: Text.describe('brn or all'),
    },
  },
} as const satisfies CollectionContracts;
