/** What is in the database: tables by migration, read tables by projection, and the entities of both. */
import type { ServiceDatabase } from '@ringfence/event-store';
import { FactHeadEntity } from './read/fact-mirror.js';
import { GoneWorkloadEntity } from './read/gone-workloads.js';
import { MIGRATIONS } from './migrations/migrations.js';
import {
  PolicyHistoryEntity,
  PolicyObjectEntity,
  policyObjectsProjection,
  PolicyVersionEntity,
} from './read/policy-objects.projection.js';
import { secondPerson, securityPrincipals, serviceBindings } from './read/policy-documents.js';
import { RuleDraftEntity } from './read/rule-drafts.js';

export const DATABASE: ServiceDatabase = {
  service: 'policy-compute',
  migrations: MIGRATIONS,
  projections: [
    policyObjectsProjection,
    serviceBindings.projection,
    securityPrincipals.projection,
    secondPerson.projection,
  ],
  entities: [
    FactHeadEntity,
    GoneWorkloadEntity,
    PolicyHistoryEntity,
    PolicyObjectEntity,
    PolicyVersionEntity,
    RuleDraftEntity,
    secondPerson.entity,
    serviceBindings.entity,
    securityPrincipals.entity,
  ],
};
