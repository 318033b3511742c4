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
import type { Account } from '../../domain/rest-request.js';
import { accountOf, ApiKeyEntity } from '../../read/api-keys.projection.js';

export interface CheckedKey {
  readonly account: Account;
  readonly username: string;
  readonly role: Role;
  /** Null: never. Whoever asks looks at it. */
  readonly expiresAt: Date | null;
}
export interface ApiKeyCheck {
  check(username: string, secret: string): Promise<CheckedKey | undefined>;
  /** Of a key that was let in: noted once a minute. */
  used(username: string): void;
  /** A revoked key is refused at once by this process, and by others within `STALE_MS`. */
  forget(username: string): void;
}

const PACE_MS = 250;
const FRESH_MS = 10_000;
/** With Postgres away, keys are known for so long. */
const STALE_MS = 60_000;
const NOTED_EVERY_MS = 60_000;

interface KnownKey extends CheckedKey {
  readonly hash: Buffer;
}

export interface SecretRow {
  readonly username: string;
  readonly hash: Buffer;
  readonly usedAt: Date | null;
}
export const ApiKeySecretEntity = new EntitySchema<SecretRow>({
  name: 'ApiKeySecret',
  tableName: 'api_key_secrets',
  columns: {
    username: { type: 'text', primary: true },
    hash: { type: 'bytea' },
    usedAt: { name: 'used_at', type: 'timestamptz', nullable: true },
  },
});

export const hashSecret = (secret: string): Buffer => createHash('sha256').update(secret).digest();

export function apiKeyCheck(entities: EntityManager): ApiKeyCheck {
  let known = new Map<string, KnownKey>();
  let knownSince = -Infinity;
  let lastRead = -Infinity;
  let reading: Promise<void> | undefined;
  const revoked = new Set<string>();
  const notedAt = new Map<string, number>();

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
      return isRight ? key : undefined;
    },
    used: (username) => {
      const now = Date.now();
      if (now - (notedAt.get(username) ?? 0) < NOTED_EVERY_MS) return;
      notedAt.set(username, now);
      // It is only shown: a database that is away for a moment is not worth refusing for.
      entities
        .update(ApiKeySecretEntity, { username }, { usedAt: new Date(now) })
        .catch(() => notedAt.delete(username));
    },
    forget: (username) => {
      // A reading that began before the revocation may still bring it back; ids are never used twice.
      revoked.add(username);
      known.delete(username);
      notedAt.delete(username);
    },
  };
}

async function knownKeys(entities: EntityManager): Promise<Map<string, KnownKey>> {
  const [keys, secrets] = await Promise.all([entities.find(ApiKeyEntity), entities.find(ApiKeySecretEntity)]);
  const hashes = new Map(secrets.map(({ username, hash }) => [username, hash]));
  const known = new Map<string, KnownKey>();
  for (const { username, role, expiresAt, ...key } of keys) {
    const hash = hashes.get(username);
    if (hash !== undefined) known.set(username, { account: accountOf(key), username, role, expiresAt, hash });
  }
  return known;
}
