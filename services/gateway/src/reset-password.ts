/**
 * A lost password, reset where the database can be reached: whoever has that has everything. The gateway may run meanwhile; the audit trail
 * says that it was done.
 */
import { openServiceStore } from '@ringfence/event-store';
import type { ServiceStoreOptions } from '@ringfence/event-store';
import { newPassword } from './adapters/people/passwords.js';
import { setPassword } from './adapters/people/users.store.js';
import { DATABASE } from './database.js';
import { userNamed } from './read/users.js';

/** The new password. Undefined: there is no such user. */
export async function resetPassword(
  options: ServiceStoreOptions,
  username: string,
): Promise<string | undefined> {
  const store = await openServiceStore(DATABASE, options);
  try {
    const user = await userNamed(store.entities, username);
    if (user === undefined) return undefined;
    const password = newPassword();
    const wanted = { password, kind: 'reset-password' } as const;
    await setPassword(store, user, wanted, { kind: 'system', id: 'ringfence-admin' });
    return password;
  } finally {
    await store.close();
  }
}
