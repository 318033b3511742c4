/** Whose keys there are, and what they were given, as it is shown beside each key. */
import { actorHref } from '@ringfence/contracts';
import type { AccountApiKey, ShownPermission } from '@ringfence/contracts';
import type { EntityManager } from 'typeorm';
import { refuse } from '../../domain/refusal.js';
import { shownGrant } from '../people/given-grants.js';
import { PERMISSIONS, PRINCIPALS, RESTRICTIONS } from '../../read/access-documents.js';
import type { PermissionState, PrincipalState } from '../../read/access-documents.js';
import { users } from '../../read/users.js';

export type ShownAccount = AccountApiKey['account'];

/** By their href. */
export async function accountsOf(entities: EntityManager): Promise<ReadonlyMap<string, ShownAccount>> {
  const principals = await PRINCIPALS.documents.live(entities);
  const permissions = await PERMISSIONS.documents.live(entities);
  const given = ({ id }: { readonly id: string }): ShownPermission[] =>
    permissions.filter(({ body }) => body.principal === id).map(({ body }) => shownPermission(body));
  const ofName = new Map(
    principals.flatMap(({ body }) => (body.type === 'user' ? [[body.name, body] as const] : [])),
  );
  const people = (await users.live(entities)).map(({ id, body: { username } }): ShownAccount => {
    const principal = ofName.get(username);
    return {
      href: actorHref({ kind: 'user', id }),
      ...{ type: 'user', name: username },
      access_restriction: restrictionOf(principal),
      permissions: principal === undefined ? [] : given(principal),
    };
  });
  const programs = principals
    .filter(({ body }) => body.type === 'service_account')
    .map(({ id, body }): ShownAccount => ({
      href: actorHref({ kind: 'service_account', id }),
      ...{ type: 'service_account', name: body.name },
      access_restriction: restrictionOf(body),
      permissions: given({ id }),
    }));
  return new Map([...people, ...programs].map((account) => [account.href, account]));
}

/** Null: he may come from everywhere. */
export const restrictionOf = (
  principal: Pick<PrincipalState, 'restriction'> | undefined,
): { readonly href: string } | null =>
  typeof principal?.restriction !== 'string' ? null : { href: hrefOfRestriction(principal.restriction) };

export const hrefOfRestriction = (id: string): string => `/orgs/1/access_restrictions/${id}`;

/** Undefined: nothing is said about it; null: from everywhere. */
export async function wantedRestriction(
  entities: EntityManager,
  wanted: { readonly href: string } | null | undefined,
): Promise<string | null | undefined> {
  if (wanted === null || wanted === undefined) return wanted;
  const found = await RESTRICTIONS.documents.get(entities, wanted.href.split('/').at(-1) ?? '');
  if (found !== null && found.deletedAt === null && hrefOfRestriction(found.id) === wanted.href)
    return found.id;
  throw refuse('reference_not_found', `access_restriction: there is no "${wanted.href}"`);
}

export const shownPermission = (permission: PermissionState): ShownPermission => ({
  href: `/orgs/1/permissions/${permission.id}`,
  ...shownGrant(permission),
});
