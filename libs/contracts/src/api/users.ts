/** People (`users`), how they log in (`login_users`, `users/login`) and out, owned by the gateway. */
import { z } from 'zod';
import type { CollectionContracts } from './collection.js';
import { Href } from './href.js';
import { Text } from '../text.js';

/** A person is known by it at the log-in; most write an e-mail address. Upper and lower case are one. */
const Username = Text.trim()
  .min(1)
  .max(255)
  .regex(/^[^\s:]*$/, 'must be without spaces and colons');
/** Long enough that nobody guesses it; not so long that hashing it is work. */
export const SHORTEST_PASSWORD = 12;
export const Password = Text.min(SHORTEST_PASSWORD).max(256);
const fullName = Text.trim().max(255);
const timeZone = Text.min(1).max(64);

/** Its password is shown once where none is given. Others than local users would need a directory, which there is none of. */
export const UserCreate = z.strictObject({
  username: Username,
  full_name: fullName.nullish(),
  time_zone: timeZone.optional(),
  type: z.literal('local').default('local'),
  password: Password.optional(),
});
export const UserUpdate = z.strictObject({
  full_name: fullName.nullish(),
  time_zone: timeZone.optional(),
});
export const User = z.object({
  href: Text,
  id: z.number().int(),
  username: Text,
  full_name: Text,
  time_zone: Text,
  type: z.enum(['local', 'external']),
  /** Nobody logs in as him, and his keys are refused. */
  locked: z.boolean(),
  login_count: z.number().int(),
  /** Left out: never before. */
  last_login_on: Text.optional(),
  last_login_ip_address: Text.optional(),
  effective_groups: z.array(Text),
  local_profile: z.object({ pending_invitation: z.boolean() }),
  created_at: Text,
  updated_at: Text,
});
export type User = z.infer<typeof User>;

const productVersion = z.record(Text, z.unknown());
/** What a client learns of itself; `session_token` when it came with the token of a log-in, and this once. */
export const Login = z.object({
  href: Text,
  auth_username: Text,
  session_token: Text.optional(),
  inactivity_expiration_minutes: z.number().int(),
  /** Left out: never before. */
  last_login_on: Text.optional(),
  last_login_ip_address: Text.optional(),
  full_name: Text,
  type: z.enum(['local', 'external']),
  time_zone: Text,
  product_version: productVersion,
  orgs: z.array(
    z.object({
      org_id: z.number().int(),
      org_href: Text,
      display_name: Text,
      role_scopes: z.array(z.object({ role: z.object({ href: Href }), scope: z.array(z.unknown()) })),
    }),
  ),
});

/** Of a second factor, which we have not: clients send it empty. */
export const Authenticate = z.strictObject({ one_time_password: Text.max(64).nullish() });
export const PasswordChange = z.strictObject({ password: Password });

export const userCollections = {
  users: {
    item: User,
    create: UserCreate,
    update: UserUpdate,
    told: ['login_count', 'last_login_on', 'last_login_ip_address'],
    query: {
      username: Text.describe('Part of the user name.'),
      name: Text.describe('Part of the full name.'),
    },
    actions: { logout: z.strictObject({}) },
    answers: {
      login: Login,
      create: User.extend({ ringfence_password: Text.optional() }),
    },
  },
  'users/local_profile': {
    item: z.object({ ringfence_password: Text }),
    create: z.strictObject({}),
  },
  'users/orgs': { item: z.object({ href: Text, org_id: z.number().int(), display_name: Text }) },
  login_users: {
    item: z.object({ auth_token: Text }),
    actions: { authenticate: Authenticate, change_password: PasswordChange },
    answers: { authenticate: z.object({ auth_token: Text }) },
  },
} as const satisfies CollectionContracts;
