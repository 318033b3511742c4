/** From which addresses somebody may come (`access_restrictions`), and which proxies are believed about it (`settings/trusted_proxy_ips`). */
import { z } from 'zod';
import type { CollectionContracts } from './collection.js';
import { Href, objectMeta } from './href.js';
import { Text } from '../text.js';

const MOST_ADDRESSES = 8;
/** An address, or a network in CIDR notation. */
const Network = Text.max(64).pipe(z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()]));

/** Ways in for which it does not hold. */
export const AccessWay = z.enum(['user_sessions', 'api_keys']);
export type AccessWay = z.infer<typeof AccessWay>;

const writable = {
  name: Text.trim().min(1).max(255),
  description: Text.max(4096).nullish(),
  ips: z.array(Network).min(1).max(MOST_ADDRESSES),
  enforcement_exclusions: z.array(AccessWay).max(2).nullish(),
};
export const AccessRestrictionCreate = z.strictObject(writable);
export const AccessRestrictionUpdate = AccessRestrictionCreate.partial();
export const AccessRestriction = z.object({
  href: Href,
  name: Text,
  description: Text,
  ips: z.array(Text),
  /** Left out: it holds for all. */
  enforcement_exclusions: z.array(AccessWay).optional(),
  ...objectMeta,
});
export type AccessRestriction = z.infer<typeof AccessRestriction>;

/** `pce_fqdn`: of which server of several; there is one. */
const TrustedProxy = z.strictObject({ pce_fqdn: Text.max(255).nullable(), ip: Network });
export const TrustedProxiesUpdate = z.strictObject({
  href: Text.optional(),
  max_trusted_proxy_ips_per_region: z.number().int().optional(),
  trusted_proxy_ips: z.array(TrustedProxy).max(MOST_ADDRESSES),
});
export const TrustedProxies = z.object({
  href: Text,
  max_trusted_proxy_ips_per_region: z.number().int(),
  trusted_proxy_ips: z.array(z.object({ pce_fqdn: Text.nullable(), ip: Text })),
});
export const MOST_TRUSTED_PROXIES = MOST_ADDRESSES;

export const accessRestrictionCollections = {
  access_restrictions: {
    item: AccessRestriction,
    create: AccessRestrictionCreate,
    update: AccessRestrictionUpdate,
    query: { name: Text.describe('Part of the name.') },
  },
  'settings/trusted_proxy_ips': { item: TrustedProxies, update: TrustedProxiesUpdate },
} as const satisfies CollectionContracts;
