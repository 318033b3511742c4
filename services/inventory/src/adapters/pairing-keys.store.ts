/** Pairing keys: their hashes, how often and until when each may pair a new node. */
import type pg from 'pg';
import type { PairingProfile } from '../domain/pairing-profile.decider.js';
import { hashSecret, isSecret, keyIdOf, newActivationCode } from './secret.js';

export interface KeyUses {
  readonly used: number;
  readonly lastUsedAt: Date | null;
  readonly lastIssuedAt: Date | null;
}
export interface PairingKey {
  readonly id: string;
  readonly profile: string;
  /** False: it is spent or expired. */
  readonly pairsNewNodes: boolean;
}

export async function addKey(
  db: pg.Pool,
  profile: PairingProfile,
  now: Date,
): Promise<{ id: string; code: string }> {
  const { id, code } = newActivationCode();
  const expires =
    profile.keyLifespan === 'unlimited' ? null : new Date(now.getTime() + profile.keyLifespan * 1_000);
  const uses = profile.allowedUsesPerKey === 'unlimited' ? null : profile.allowedUsesPerKey;
  await db.query(
    'insert into pairing_keys (id, profile, hash, issued_at, expires_at, uses_left) values ($1, $2, $3, $4, $5, $6)',
    [id, profile.id, hashSecret(code), now, expires, uses],
  );
  return { id, code };
}

/** Null: there is no such key, or it was revoked. */
export async function findKey(db: pg.Pool, code: string, now: Date): Promise<PairingKey | null> {
  const { rows } = await db.query<{
    id: string;
    profile: string;
    hash: string;
    expires_at: Date | null;
    uses_left: number | null;
  }>('select id, profile, hash, expires_at, uses_left from pairing_keys where id = $1 and not revoked', [
    keyIdOf(code),
  ]);
  const row = rows[0];
  if (row === undefined || !isSecret(code, row.hash)) return null;
  const isSpent = row.uses_left === 0 || (row.expires_at !== null && row.expires_at <= now);
  return { id: row.id, profile: row.profile, pairsNewNodes: !isSpent };
}

/** False: somebody else was faster and had the last use. */
export async function takeUse(db: pg.Pool, key: string, now: Date): Promise<boolean> {
  const { rowCount } = await db.query(
    `update pairing_keys set used = used + 1, uses_left = uses_left - 1, last_used_at = $2
     where id = $1 and not revoked and (uses_left is null or uses_left > 0)`,
    [key, now],
  );
  return rowCount === 1;
}

export async function revokeKeys(db: pg.Pool, profile: string): Promise<void> {
  await db.query('update pairing_keys set revoked = true where profile = $1', [profile]);
}

export async function keyUses(db: pg.Pool): Promise<Map<string, KeyUses>> {
  const { rows } = await db.query<KeyUses & { profile: string }>(
    `select profile, sum(used)::int as used, max(last_used_at) as "lastUsedAt", max(issued_at) as "lastIssuedAt" from pairing_keys group by profile`,
  );
  return new Map(rows.map((row) => [row.profile, row]));
}
