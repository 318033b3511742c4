/** REST bodies of services: protocols with ports or ICMP types, or Windows services and processes (kept, enforced nowhere). */
import { z } from 'zod';
import { Port, Protocol } from '../network.js';
import type { CollectionContracts } from './collection.js';
import { namedQuery } from './filters.js';
import { Description, externalReference, ObjectName, provisionableMeta } from './href.js';
import { Text } from '../text.js';

const icmp = {
  icmp_type: z.number().int().min(0).max(255).nullish(),
  icmp_code: z.number().int().min(0).max(255).nullish(),
} as const;

export const ServicePortBody = z.strictObject({
  proto: Protocol,
  port: Port.nullish(),
  to_port: Port.nullish(),
  ...icmp,
});
export type ServicePortBody = z.infer<typeof ServicePortBody>;

const WindowsServiceBody = z.strictObject({
  service_name: Text.max(255).nullish(),
  process_name: Text.max(255).nullish(),
  proto: Protocol.nullish(),
  port: Port.nullish(),
  to_port: Port.nullish(),
  ...icmp,
});
const WindowsEgressServiceBody = z.strictObject({
  service_name: Text.max(255).nullish(),
  process_name: Text.max(255).nullish(),
});

export const ServiceCreate = z.strictObject({
  name: ObjectName,
  description: Description,
  description_url: Text.max(2048).nullish(),
  process_name: Text.max(255).nullish(),
  service_ports: z.array(ServicePortBody).max(1_000).nullish(),
  windows_services: z.array(WindowsServiceBody).max(1_000).nullish(),
  windows_egress_services: z.array(WindowsEgressServiceBody).max(1_000).nullish(),
  ...externalReference,
});
export type ServiceCreate = z.infer<typeof ServiceCreate>;
export const ServiceUpdate = ServiceCreate.partial();
export type ServiceUpdate = z.infer<typeof ServiceUpdate>;

export const ServiceItem = z.looseObject({
  ...provisionableMeta,
  name: Text,
  description: Text,
  process_name: Text,
  service_ports: z
    .array(
      z.looseObject({
        proto: z.number().int(),
        port: z.number().int().optional(),
        to_port: z.number().int().optional(),
        icmp_type: z.number().int().nullish(),
        icmp_code: z.number().int().nullish(),
      }),
    )
    .optional(),
});

export const serviceCollections = {
  services: {
    create: ServiceCreate,
    update: ServiceUpdate,
    item: ServiceItem,
    query: {
      ...namedQuery,
      port: Text.describe('a port that it holds'),
      proto: Text.describe('the number of one of its protocols'),
      is_ransomware: Text.describe('refused: no such thing is kept here'),
      include_ransomware_protection_percent: Text.describe('refused: no such thing is kept here'),
    },
  },
} as const satisfies CollectionContracts;
