/** REST bodies of the firewall settings, of which there is one set: which workloads they concern, by scopes of labels. */
import { z } from 'zod';
import { FIREWALL_SCOPES } from '../policy-objects.js';
import { Text } from '../text.js';
import type { CollectionContracts } from './collection.js';
import { provisionableMeta, Reference } from './href.js';
import { Scopes } from './rule-actors.js';

const CoexistenceBody = z.strictObject({
  scope: z.array(Reference).max(50),
  illumio_primary: z.boolean(),
  workload_mode: z.enum(['enforced', 'illuminated']).nullish(),
});

/** By field, the same schema. */
const each = <S extends z.ZodType>(schema: S): Record<(typeof FIREWALL_SCOPES)[number], S> =>
  Object.fromEntries(FIREWALL_SCOPES.map((field) => [field, schema])) as Record<
    (typeof FIREWALL_SCOPES)[number],
    S
  >;

export const FirewallSettingsUpdate = z.strictObject({
  ...each(Scopes.nullish()),
  firewall_coexistence: z.array(CoexistenceBody).max(500).nullish(),
  ike_authentication_type: z.enum(['psk', 'certificate']).nullish(),
  allow_captive_portal_outbound: z.boolean().nullish(),
});
export type FirewallSettingsUpdate = z.infer<typeof FirewallSettingsUpdate>;

const FirewallSettingsItem = z.looseObject({
  ...provisionableMeta,
  ...each(z.array(z.array(z.looseObject({})))),
  firewall_coexistence: z.array(
    z.looseObject({
      scope: z.array(Reference),
      illumio_primary: z.boolean(),
      workload_mode: Text.optional(),
    }),
  ),
  ike_authentication_type: Text,
  allow_captive_portal_outbound: z.boolean(),
});

export const firewallSettingsCollections = {
  firewall_settings: {
    update: FirewallSettingsUpdate,
    item: FirewallSettingsItem,
  },
} as const satisfies CollectionContracts;
