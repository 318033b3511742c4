/** Whoever has the product first: made at the first start, as an owner, all of it or nothing. At later starts he is left as he is. */
import { randomUUID } from 'node:crypto';
import { GLOBAL } from '@ringfence/contracts';
import { VersionConflict } from '@ringfence/event-store';
import type { AppendBatch, EventStore } from '@ringfence/event-store';
import type { UserState } from '../../domain/user.decider.js';
import { PERMISSIONS, PRINCIPALS } from '../../read/access-documents.js';
import type { PermissionState, PrincipalState } from '../../read/access-documents.js';
import { audited } from './audited-store.js';
import { hashPassword } from './passwords.js';
import { streamOfRecord } from './records.store.js';
import { PasswordEntity } from './passwords.store.js';
import { FIRST_USER, streamOfUser } from './users.store.js';

const META = { actor: { kind: 'system', id: 'gateway' }, cluster: GLOBAL } as const;

/** `password`: none, and nobody logs in as him until one is set (`ringfence-admin`). False: he was there already. */
export async function ensureFirstAdministrator(
  store: EventStore,
  username: string,
  password: string | undefined,
): Promise<boolean> {
  if ((await store.load(streamOfUser(FIRST_USER))).version > 0) return false;
  const hash = password === undefined ? undefined : await hashPassword(password);
  const withPassword = audited(store, async (entities) => {
    if (hash !== undefined) await entities.insert(PasswordEntity, { user: FIRST_USER, hash });
  });
  try {
    await withPassword.appendMany(batches(username.toLowerCase()), META);
    return true;
  } catch (error) {
    // Another process that starts with it was faster.
    if (error instanceof VersionConflict) return false;
    throw error;
  }
}

function batches(username: string): AppendBatch[] {
  const [principalId, permissionId] = [randomUUID(), randomUUID()];
  const user: UserState = {
    ...{ id: FIRST_USER, username, fullName: 'First administrator', timeZone: 'UTC', locked: false },
  };
  const principal: PrincipalState = { id: principalId, name: username, displayName: '', type: 'user' };
  const permission: PermissionState = { id: permissionId, role: 'owner', scope: [], principal: principalId };
  return [
    { stream: streamOfUser(FIRST_USER), expectedVersion: 0, events: [{ type: 'UserCreated', data: user }] },
    {
      stream: streamOfRecord(PRINCIPALS, principalId),
      expectedVersion: 0,
      events: [{ type: 'AuthSecurityPrincipalCreated', data: principal }],
    },
    {
      stream: streamOfRecord(PERMISSIONS, permissionId),
      expectedVersion: 0,
      events: [{ type: 'PermissionCreated', data: permission }],
    },
  ];
}
