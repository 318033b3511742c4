/**
 * How many people, principals and permissions there may be: all of them are read every few seconds to know who may what. Inside the
 * transaction that makes one: who makes another meanwhile comes before or after.
 */
import { IsNull, Raw } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { refuse } from '../../domain/refusal.js';
import { PERMISSIONS, PRINCIPALS } from '../../read/access-documents.js';
import { users } from '../../read/users.js';

const MOST_USERS = 10_000;
/** Nobody is ever deleted: who has left is locked out. */
const MOST_WITH_LOCKED = 50_000;
const MOST_PRINCIPALS = 20_000;
const MOST_PERMISSIONS = 10_000;

export async function refuseTooManyUsers(entities: EntityManager): Promise<void> {
  const all = await entities.countBy(users.entity, { deletedAt: IsNull() });
  const isOpen = Raw((column) => `not (${column} ->> 'locked')::boolean`);
  const open = await entities.countBy(users.entity, { deletedAt: IsNull(), body: isOpen });
  if (open > MOST_USERS || all > MOST_WITH_LOCKED)
    throw refuse(
      'user_limit_exceeded',
      `there are ${MOST_USERS} users, or ${MOST_WITH_LOCKED} with those who are locked out: lock out who has left`,
    );
}

/** Without service accounts, which have a bound of their own. */
export async function refuseTooManyPrincipals(entities: EntityManager): Promise<void> {
  const { length } = await PRINCIPALS.documents.having(entities, 'type', ['user', 'group']);
  if (length > MOST_PRINCIPALS)
    throw refuse(
      'auth_security_principal_limit_exceeded',
      `there are ${MOST_PRINCIPALS} principals: delete one`,
    );
}

export async function refuseTooManyPermissions(entities: EntityManager): Promise<void> {
  const count = await entities.countBy(PERMISSIONS.documents.entity, { deletedAt: IsNull() });
  if (count > MOST_PERMISSIONS)
    throw refuse('permission_limit_exceeded', `there are ${MOST_PERMISSIONS} permissions: delete one`);
}
