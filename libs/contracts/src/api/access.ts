/** Who may what (`roles`, `permissions`, `auth_security_principals`), owned by the gateway. */
import { z } from 'zod';
import type { CollectionContracts } from './collection.js';
import { Href, Reference } from './href.js';
import { Text } from '../text.js';

export const Role = z.object({ href: Href, name: Text });

/** Labels and label groups: of one type OR, of several types AND. None: everywhere. */
export const scope = z
  .array(z.union([z.strictObject({ label: Reference }), z.strictObject({ label_group: Reference })]))
  .max(100);
/** As a query names one. */
export const WantedScope = z.array(z.union([Text, ...scope.element.options]));

export const PermissionCreate = z.strictObject({
  role: Reference,
  scope: scope.default([]),
  auth_security_principal: Reference,
});
export const PermissionUpdate = z.strictObject({
  role: Reference.optional(),
  scope: scope.optional(),
  auth_security_principal: Reference.optional(),
});
export const Permission = z.object({
  href: Href,
  role: z.object({ href: Href }),
  scope: z.array(z.record(Text, z.object({ href: Href }))),
  auth_security_principal: z.object({ href: Href }),
});
export type Permission = z.infer<typeof Permission>;

const principalName = Text.trim().min(1).max(255);
const principalType = z.enum(['user', 'group', 'service_account']);
export const AuthSecurityPrincipalCreate = z.strictObject({
  name: principalName,
  display_name: Text.max(255).nullish(),
  /** A user of that name; groups are data only, for there is no directory that says who is in them. */
  type: principalType.exclude(['service_account']),
  access_restriction: Reference.nullish(),
});
export const AuthSecurityPrincipalUpdate = z.strictObject({
  name: principalName.optional(),
  display_name: Text.max(255).nullish(),
  /** Null: he may come from everywhere. */
  access_restriction: Reference.nullish(),
});
export const AuthSecurityPrincipal = z.object({
  href: Href,
  name: Text,
  display_name: Text,
  type: principalType,
  access_restriction: z.object({ href: Href }).nullable(),
});
export type AuthSecurityPrincipal = z.infer<typeof AuthSecurityPrincipal>;

export const accessCollections = {
  roles: { item: Role },
  permissions: {
    item: Permission,
    create: PermissionCreate,
    update: PermissionUpdate,
    query: {
      role: Text.describe('Href of the role.'),
      scope: Text.describe('JSON list of the hrefs of its labels and label groups: just these.'),
      auth_security_principal: Text.describe('Href of who has it.'),
    },
  },
  auth_security_principals: {
    item: AuthSecurityPrincipal,
    create: AuthSecurityPrincipalCreate,
    update: AuthSecurityPrincipalUpdate,
    query: {
      name: Text.describe('Part of the name.'),
      type: Text.describe('One of `user`, `group`, `service_account`.'),
    },
  },
} as const satisfies CollectionContracts;
