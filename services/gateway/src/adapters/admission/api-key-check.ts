/**
 * Whose key it is. A secret has at least 128 random bits, so its SHA-256 tells as little as a slow hash would, and a
 * flood of wrong keys costs a lookup each: all hashes are in memory. An id that is not among them makes them be read anew, for all
 * such attempts together and not more often than `PACE_MS`; whoever has a known key never waits for that.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { EntitySchema } from 'typeorm';
import type { EntityManager } from 'typeorm';
import type { Role } from '../../domain/api-key.decider.js';
import { ApiKeyEntity } from '../../read/api-keys.projection.js';

export interface Principal {
  readonly user: string;
  readonly username: string;
  readonly role: Role;
}
export interface ApiKeyCheck {
  check(username: string, secret: string): Promise<Principal | undefined>;
  /** A revoked key is refused at once by this process, and by others within `STALE_MS`. */
  forget(username: string): void;
}

const PACE_MS = 250;
const FRESH_MS = 10_000;
/** With Postgres away, keys are known for so long. */
const STALE_MS = 60_000;

interface KnownKey {
  readonly principal: Principal;
  readonly hash: Buffer;
}

export const ApiKeySecretEntity = new EntitySchema<{ readonly username: string; readonly hash: Buffer }>({
  name: 'ApiKeySecret',
  tableName: 'api_key_secrets',
  columns: { username: { type: 'text', primary: true }, hash: { type: 'bytea' } },
});

export const hashSecret = (secret: string): Buffer => createHash('sha256').update(secret).digest();

export function apiKeyCheck(entities: EntityManager): ApiKeyCheck {
  let known = new Map<string, KnownKey>();
  let knownSince = -Infinity;
  let lastRead = -Infinity;
  let reading: Promise<void> | undefined;
  const revoked = new Set<string>();

  const read = async (): Promise<void> => {
    await sleep(Math.max(0, lastRead + PACE_MS - performance.now()));
    // Whoever comes from here on may look for what this reading does not see.
    reading = undefined;
    const began = (lastRead = performance.now());
    const keys = await knownKeys(entities);
    if (began < knownSince) return;
    for (const username of revoked) keys.delete(username);
    known = keys;
    knownSince = began;
  };
  const readAnew = (): Promise<void> => (reading ??= read());

  return {
    check: async (username, secret) => {
      const age = performance.now() - knownSince;
      if (age > STALE_MS || !known.has(username)) await readAnew();
      else if (age > FRESH_MS) readAnew().catch(() => undefined);
      const key = known.get(username);
      const isRight = key !== undefined && timingSafeEqual(hashSecret(secret), key.hash);
      return isRight ? key.principal : undefined;
    },
    forget: (username) => {
      // A reading that began before the revocation may still bring it back; ids are never used twice.
      revoked.add(username);
      known.delete(username);
    },
  };
}

async function knownKeys(entities: EntityManager): Promise<Map<string, KnownKey>> {
  const [keys, secrets] = await Promise.all([entities.find(ApiKeyEntity), entities.find(ApiKeySecretEntity)]);
  const hashes = new Map(secrets.map(({ username, hash }) => [username, hash]));
  const known = new Map<string, KnownKey>();
  for (const { user, username, role } of keys) {
    const hash = hashes.get(username);
    if (hash !== undefined) known.set(username, { principal: { user, username, role }, hash });
  }
  return known;
}
