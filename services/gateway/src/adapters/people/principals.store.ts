/** Auth security principals that are no service accounts: they go with their permissions. Of who is gone, nobody has anything. */
import type { Actor } from '@ringfence/contracts';
import { VersionConflict } from '@ringfence/event-store';
import type { EventStore } from '@ringfence/event-store';
import type { EntityManager } from 'typeorm';
import { PERMISSIONS, PRINCIPALS } from '../../read/access-documents.js';
import type { PermissionState } from '../../read/access-documents.js';
import { audited } from './audited-store.js';
import { deciderOf, streamOfRecord } from './records.store.js';
import type { Check } from './records.store.js';
import { writtenTogether } from './written-together.js';
import type { Decide } from './written-together.js';

const PRINCIPAL = deciderOf(PRINCIPALS);
const PERMISSION = deciderOf<PermissionState>(PERMISSIONS);
const SYSTEM: Actor = { kind: 'system', id: 'gateway' };

export function removePrincipal(store: EventStore, id: string, actor: Actor, check: Check): Promise<void> {
  const withoutPermissions = audited(store, async (entities) => {
    await noneIsLeft(entities, id);
    await check(entities);
  });
  return writtenTogether(withoutPermissions, actor, async (decide) => {
    await removePermissions(decide, await permissionsOf(store.entities, id));
    await decide(PRINCIPAL, streamOfRecord(PRINCIPALS, id), { kind: 'delete' });
  });
}

/** Permissions of those who went when theirs still stayed behind. Answers how many there were. */
export async function endOrphaned(store: EventStore): Promise<number> {
  const living = new Set((await PRINCIPALS.documents.live(store.entities)).map(({ id }) => id));
  const orphaned = async (): Promise<PermissionState[]> =>
    (await PERMISSIONS.documents.live(store.entities)).flatMap(({ body }) =>
      living.has(body.principal) ? [] : [body],
    );
  const found = await orphaned();
  await writtenTogether(audited(store), SYSTEM, async (decide) =>
    removePermissions(decide, await orphaned()),
  );
  return found.length;
}

export async function permissionsOf(
  entities: EntityManager,
  principal: string,
): Promise<readonly PermissionState[]> {
  return (await PERMISSIONS.documents.having(entities, 'principal', [principal])).map(({ body }) => body);
}

/** Inside the transaction that ends him: one that was given meanwhile makes it be decided anew. */
export async function noneIsLeft(entities: EntityManager, principal: string): Promise<void> {
  const { length } = await permissionsOf(entities, principal);
  if (length > 0) throw new VersionConflict(streamOfRecord(PRINCIPALS, principal), 0, length);
}

async function removePermissions(decide: Decide, permissions: readonly PermissionState[]): Promise<void> {
  for (const { id } of permissions)
    await decide(PERMISSION, streamOfRecord(PERMISSIONS, id), { kind: 'delete' });
}
