/** Which grants a user has: those of the auth security principal of his name; a service account is its principal. And the one rule about all of them: an owner remains. */
import { actorHref } from '@ringfence/contracts';
import type { EntityManager } from 'typeorm';
import type { Grant } from '../../domain/access/roles.js';
import { refuse } from '../../domain/refusal.js';
import { PERMISSIONS, PRINCIPALS } from '../../read/access-documents.js';
import { users } from '../../read/users.js';

/** By the account's href; who is locked is not there. */
export type Grants = ReadonlyMap<string, readonly Grant[]>;

export async function allGrants(entities: EntityManager): Promise<Grants> {
  const people = await users.live(entities);
  const principals = await PRINCIPALS.documents.live(entities);
  const permissions = await PERMISSIONS.documents.live(entities);
  const ofPrincipal = new Map(principals.map(({ id }) => [id, [] as Grant[]]));
  for (const { body } of permissions)
    ofPrincipal.get(body.principal)?.push({ role: body.role, scope: body.scope });
  const ofName = new Map(
    principals.flatMap(({ id, body }) =>
      body.type === 'user' ? [[body.name, ofPrincipal.get(id) ?? []] as const] : [],
    ),
  );
  const programs = principals.filter(({ body }) => body.type === 'service_account');
  return new Map([
    ...people.flatMap(({ id, body }) =>
      body.locked ? [] : [[hrefOfUser(id), ofName.get(body.username) ?? []] as const],
    ),
    ...programs.map(({ id }) => [hrefOfServiceAccount(id), ofPrincipal.get(id) ?? []] as const),
  ]);
}

const hrefOfUser = (id: string): string => actorHref({ kind: 'user', id });
export const hrefOfServiceAccount = (id: string): string => actorHref({ kind: 'service_account', id });

/** A person: a service account's keys expire. Inside the transaction that changes who may what. */
export async function anOwnerRemains(entities: EntityManager): Promise<void> {
  const people = [...(await allGrants(entities))].filter(([href]) => href.startsWith(hrefOfUser('')));
  if (!people.some(([, grants]) => grants.some(({ role }) => role === 'owner')))
    throw refuse(
      'last_owner',
      'nobody would be left who may do everything; make somebody else an owner first',
    );
}
