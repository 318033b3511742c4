/**
 * Who a basic authorization is. The secret is compared in constant time against a scrypt hash, also for a name that does not exist, so
 * that neither the answer nor its time tells names apart. A right one is remembered for a minute, because scrypt is slow on purpose.
 */
import { createHash, randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import type pg from 'pg';
import type { Role } from '../domain/api-key.decider.js';

export interface Principal {
  readonly user: string;
  readonly username: string;
  readonly role: Role;
}
export interface ApiKeyCheck {
  check(authorization: string | undefined): Promise<Principal | undefined>;
  /** A revoked key is refused at once by this process. */
  forget(username: string): void;
}

const REMEMBERED_MS = 60_000;
const REMEMBERED = 1_000;
/** Checks at the same time; each takes 16 MiB and a thread. */
const CHECKS = 8;
const HASH_BYTES = 32;

export interface SecretHash {
  readonly salt: Buffer;
  readonly hash: Buffer;
}
export async function hashSecret(secret: string): Promise<SecretHash> {
  const salt = randomBytes(16);
  return { salt, hash: await derive(secret, salt) };
}

function derive(secret: string, salt: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(secret, salt, HASH_BYTES, { N: 16_384, r: 8, p: 1 }, (error, key) =>
      error === null ? resolve(key) : reject(error),
    );
  });
}

const NOBODY: SecretHash = { salt: randomBytes(16), hash: randomBytes(HASH_BYTES) };

export function apiKeyCheck(pool: pg.Pool): ApiKeyCheck {
  const remembered = new Map<string, { principal: Principal; until: number }>();
  const running = new Map<string, Promise<Principal | undefined>>();

  const checkAnew = async (
    proof: string,
    username: string,
    secret: string,
  ): Promise<Principal | undefined> => {
    const principal = await verify(pool, username, secret);
    if (principal === undefined) return undefined;
    remembered.set(proof, { principal, until: Date.now() + REMEMBERED_MS });
    const oldest = remembered.size > REMEMBERED ? remembered.keys().next().value : undefined;
    if (oldest !== undefined) remembered.delete(oldest);
    return principal;
  };

  return {
    check: async (authorization) => {
      const pair = basicPair(authorization);
      if (pair === undefined) return undefined;
      const proof = createHash('sha256').update(JSON.stringify(pair)).digest('base64');
      const known = remembered.get(proof);
      if (known !== undefined && known.until > Date.now()) return known.principal;
      remembered.delete(proof);
      const same = running.get(proof);
      if (same !== undefined) return same;
      while (running.size >= CHECKS)
        await Promise.race([...running.values()].map((check) => check.catch(() => undefined)));
      const check = checkAnew(proof, ...pair).finally(() => running.delete(proof));
      running.set(proof, check);
      return check;
    },
    forget: (username) => {
      for (const [proof, { principal }] of remembered)
        if (principal.username === username) remembered.delete(proof);
    },
  };
}

async function verify(pool: pg.Pool, username: string, secret: string): Promise<Principal | undefined> {
  const found = await pool.query<SecretHash & { user_id: string; role: Role }>(
    'select s.salt, s.hash, k.user_id, k.role from api_keys k join api_key_secrets s using (username) where username = $1',
    [username],
  );
  const stored = found.rows[0];
  const { salt, hash } = stored ?? NOBODY;
  const isRight = timingSafeEqual(await derive(secret, salt), hash);
  return isRight && stored !== undefined ? { user: stored.user_id, username, role: stored.role } : undefined;
}

function basicPair(authorization: string | undefined): [string, string] | undefined {
  const encoded = /^basic ([A-Za-z0-9+/=]{1,1000})$/i.exec(authorization ?? '')?.[1];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon < 1 ? undefined : [text.slice(0, colon), text.slice(colon + 1)];
}
