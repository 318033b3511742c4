/** Programs that are nobody's (`service_accounts`), what they may, and their keys; and all keys there are (`api_keys`), owned by the gateway. */
import { z } from 'zod';
import { scope } from './access.js';
import { ApiKey, ApiKeyCreated } from './api-keys.js';
import type { CollectionContracts } from './collection.js';
import { Href, objectMeta, Reference } from './href.js';
import { Text } from '../text.js';

/** `default`: as the organisation's settings say; -1: it never ends. */
export const ExpiresInSeconds = z.union([z.literal('default'), z.number().int().min(-1).max(2_147_483_647)]);
const name = Text.trim().min(1).max(255);
const description = Text.max(4096).nullish();
/** Those that are there are told apart by what they say: an href is not needed. */
const Grants = z.array(z.looseObject({ role: Reference, scope })).max(100);
/** Null: it may come from everywhere. */
const restriction = Reference.nullish();

export const ServiceAccountKeyCreate = z.strictObject({ expires_in_seconds: ExpiresInSeconds });
export const ServiceAccountCreate = z.strictObject({
  name,
  description,
  access_restriction: restriction,
  permissions: Grants,
  api_key: ServiceAccountKeyCreate,
});
/** Permissions that are named replace those that are there. */
export const ServiceAccountUpdate = z.strictObject({
  name: name.optional(),
  description,
  access_restriction: restriction,
  permissions: Grants.optional(),
});

const AssignedRestriction = z.object({ href: Href }).nullable();
export const ShownPermission = z.object({
  href: Href,
  role: z.object({ href: Href }),
  scope: z.array(z.record(Text, z.object({ href: Href }))),
});
export type ShownPermission = z.infer<typeof ShownPermission>;

export const ServiceAccount = z.object({
  href: Href,
  name: Text,
  description: Text,
  access_restriction: AssignedRestriction,
  permissions: z.array(ShownPermission),
  api_keys: z.array(ApiKey),
  ...objectMeta,
});
export type ServiceAccount = z.infer<typeof ServiceAccount>;

/** A key, and whose it is. */
export const AccountApiKey = ApiKey.extend({
  account: z.object({
    href: Href,
    type: z.enum(['user', 'service_account']),
    name: Text,
    access_restriction: AssignedRestriction,
    permissions: z.array(ShownPermission),
  }),
});
export type AccountApiKey = z.infer<typeof AccountApiKey>;

export const serviceAccountCollections = {
  service_accounts: {
    item: ServiceAccount,
    create: ServiceAccountCreate,
    update: ServiceAccountUpdate,
    told: ['api_keys'],
    answers: { create: ServiceAccount.extend({ api_key: ApiKeyCreated }) },
    query: {
      name: Text.describe('Part of the name.'),
      role: Text.describe('Href of a role that it has.'),
    },
  },
  'service_accounts/api_keys': {
    item: ApiKey,
    create: ServiceAccountKeyCreate,
    answers: { create: ApiKeyCreated },
  },
  api_keys: {
    item: AccountApiKey,
    query: {
      type: Text.describe('Whose: `user` or `service_account`.'),
      state: Text.describe('`active` or `expired`.'),
      name: Text.describe('Part of a service account’s name.'),
      username: Text.describe('Part of a user’s name.'),
      role: Text.describe('Href of a role that whose it is has.'),
    },
  },
} as const satisfies CollectionContracts;
