/** REST bodies of IP lists: addresses, CIDRs and ranges, exclusions, and names. */
import { z } from 'zod';
import type { CollectionContracts } from './collection.js';
import { Description, externalReference, ObjectName, provisionableMeta } from './href.js';

const IpRangeBody = z.strictObject({
  from_ip: z.string().min(1).max(64),
  /** Empty text and null mean that there is none: Terraform sends the first. */
  to_ip: z.string().max(64).nullish(),
  exclusion: z.boolean().nullish(),
  description: Description,
});
const FqdnBody = z.strictObject({ fqdn: z.string().min(1).max(255), description: Description });

const fields = {
  description: Description,
  ip_ranges: z.array(IpRangeBody).max(10_000).nullish(),
  fqdns: z.array(FqdnBody).max(1_000).nullish(),
  ...externalReference,
} as const;

export const IpListCreate = z.strictObject({ name: ObjectName, ...fields });
export type IpListCreate = z.infer<typeof IpListCreate>;
export const IpListUpdate = z.strictObject({ name: ObjectName.optional(), ...fields });
export type IpListUpdate = z.infer<typeof IpListUpdate>;

export const IpListItem = z.looseObject({
  ...provisionableMeta,
  name: z.string(),
  description: z.string(),
  ip_ranges: z.array(
    z.looseObject({
      from_ip: z.string(),
      to_ip: z.string().optional(),
      exclusion: z.boolean(),
      description: z.string().optional(),
    }),
  ),
  fqdns: z.array(z.looseObject({ fqdn: z.string(), description: z.string().optional() })),
});

export const ipListCollections = {
  ip_lists: {
    owner: 'policy-compute',
    pversion: true,
    create: IpListCreate,
    update: IpListUpdate,
    item: IpListItem,
  },
} as const satisfies CollectionContracts;
