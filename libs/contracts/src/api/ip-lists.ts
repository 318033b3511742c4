/**
 * REST bodies of IP lists: addresses, CIDRs and ranges, exclusions, and names. `bulk_upload` takes whole lists: one with an `href`, or
 * of a name that a list has, changes that list; another is made.
 */
import { z } from 'zod';
import { BulkAnswer, BulkBody } from './bulk.js';
import type { CollectionContracts } from './collection.js';
import { namedQuery } from './filters.js';
import { Description, externalReference, Href, ObjectName, provisionableMeta } from './href.js';
import { Text } from '../text.js';

const IpRangeBody = z.strictObject({
  from_ip: Text.min(1).max(64),
  /** Empty text and null mean that there is none: Terraform sends the first. */
  to_ip: Text.max(64).nullish(),
  exclusion: z.boolean().nullish(),
  description: Description,
});
const FqdnBody = z.strictObject({ fqdn: Text.min(1).max(255), description: Description });

export const IpListCreate = z.strictObject({
  name: ObjectName,
  description: Description,
  ip_ranges: z.array(IpRangeBody).max(100_000).nullish(),
  fqdns: z.array(FqdnBody).max(1_000).nullish(),
  ...externalReference,
});
export type IpListCreate = z.infer<typeof IpListCreate>;
export const IpListUpdate = IpListCreate.partial();
export const IpListUpload = IpListCreate.extend({ href: Href.optional() });
export type IpListUpdate = z.infer<typeof IpListUpdate>;

export const IpListItem = z.looseObject({
  ...provisionableMeta,
  name: Text,
  description: Text,
  ip_ranges: z.array(
    z.looseObject({
      from_ip: Text,
      to_ip: Text.optional(),
      exclusion: z.boolean(),
      description: Text.optional(),
    }),
  ),
  fqdns: z.array(z.looseObject({ fqdn: Text, description: Text.optional() })),
});

export const ipListCollections = {
  ip_lists: {
    create: IpListCreate,
    update: IpListUpdate,
    item: IpListItem,
    actions: { bulk_upload: BulkBody },
    answers: { bulk_upload: BulkAnswer },
    query: {
      ...namedQuery,
      fqdn: Text.describe('part of one of its FQDNs'),
      ip_address: Text.describe('an address that it holds'),
      has_attribute: Text.describe('true or false; no list of this server has one'),
    },
  },
} as const satisfies CollectionContracts;
