/** API keys of a user (`users/api_keys`), owned by the gateway. The secret is shown once, in the answer to POST. */
import { z } from 'zod';
import type { CollectionContracts } from './collection.js';
import { Href } from './href.js';
import { Text } from '../text.js';

const name = Text.trim().min(1).max(255);
const description = Text.max(4096);

/** `role` is ours: an `owner` may do everything, a `read_only` key only reads. */
export const ApiKeyCreate = z.strictObject({
  name,
  description: description.nullish(),
  role: z.enum(['owner', 'read_only']).default('owner'),
});
export const ApiKeyUpdate = z.strictObject({ name: name.optional(), description: description.nullish() });
export const ApiKey = z.object({
  href: Text,
  key_id: Text,
  auth_username: Text,
  name: Text,
  description: Text,
  role: z.enum(['owner', 'read_only']),
  state: z.enum(['active', 'expired']),
  /** From when it was made; -1: it never ends. */
  expires_in_seconds: z.number().int(),
  created_at: Text,
  created_by: z.object({ href: Href }),
  /** Left out: it was never used. */
  last_login_on: Text.optional(),
});
export type ApiKey = z.infer<typeof ApiKey>;
export const ApiKeyCreated = z.object({ href: Text, key_id: Text, auth_username: Text, secret: Text });

export const apiKeyCollections = {
  'users/api_keys': {
    create: ApiKeyCreate,
    update: ApiKeyUpdate,
    told: ['state', 'last_login_on'],
    answers: { create: ApiKeyCreated },
    item: ApiKey,
  },
} as const satisfies CollectionContracts;
