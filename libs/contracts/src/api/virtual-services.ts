/** REST bodies of virtual services: a labelled name for what answers at some addresses and ports. */
import { z } from 'zod';
import { Port } from '../network.js';
import { Text } from '../text.js';
import { BulkAnswer, BulkBody } from './bulk.js';
import type { CollectionContracts } from './collection.js';
import { labelsQuery, namedQuery, portsQuery, usageQuery } from './filters.js';
import { Description, externalReference, Href, ObjectName, provisionableMeta, Reference } from './href.js';

const PortBody = z.strictObject({
  proto: z.union([z.literal(6), z.literal(17)]),
  port: Port.nullish(),
  to_port: Port.nullish(),
});
const AddressBody = z
  .strictObject({
    ip: Text.min(1).max(64).nullish(),
    fqdn: Text.min(1).max(255).nullish(),
    port: Port.nullish(),
    network: Reference.nullish(),
    description: Description,
  })
  .refine(({ ip, fqdn }) => [ip, fqdn].filter((each) => typeof each === 'string').length === 1, {
    message: 'must have exactly one of ip, fqdn',
  });

export const VirtualServiceCreate = z.strictObject({
  name: ObjectName,
  description: Description,
  apply_to: z.enum(['host_only', 'internal_bridge_network']).nullish(),
  labels: z.array(Reference).max(1_000).nullish(),
  /** One of the two; the one that is sent ends the other. */
  service: Reference.nullish(),
  service_ports: z.array(PortBody).max(1_000).nullish(),
  service_addresses: z.array(AddressBody).max(1_000).nullish(),
  ip_overrides: z.array(Text.min(1).max(64)).max(1_000).nullish(),
  ...externalReference,
});
export const VirtualServiceUpdate = VirtualServiceCreate.partial();
export const VirtualServiceBulkUpdate = VirtualServiceUpdate.extend({ href: Href });
export type VirtualServiceUpdate = z.infer<typeof VirtualServiceUpdate>;

const VirtualServiceItem = z.looseObject({
  ...provisionableMeta,
  name: Text,
  description: Text,
  apply_to: Text,
  labels: z.array(z.looseObject({ href: Href, key: Text, value: Text })),
  service: Reference.optional(),
  service_ports: z.array(z.looseObject({ proto: z.number().int() })).optional(),
  service_addresses: z.array(z.looseObject({})),
  ip_overrides: z.array(Text),
});

export const virtualServiceCollections = {
  virtual_services: {
    create: VirtualServiceCreate,
    update: VirtualServiceUpdate,
    item: VirtualServiceItem,
    actions: { bulk_create: BulkBody, bulk_update: BulkBody },
    answers: { bulk_create: BulkAnswer, bulk_update: BulkAnswer },
    query: {
      ...namedQuery,
      ...labelsQuery,
      ...portsQuery,
      ...usageQuery,
      service: Text.describe('href of the service that names its ports'),
      'service_address.ip': Text.describe('one of its addresses'),
      'service_address.fqdn': Text.describe('part of one of its FQDNs'),
    },
  },
} as const satisfies CollectionContracts;
