/** Pairing keys: their hashes, how often and until when each may pair a new node. */
import type { Actor } from '@ringfence/contracts';
import { EntitySchema, IsNull, MoreThan } from 'typeorm';
import type { EntityManager } from 'typeorm';
import type { PairingProfile } from '../../domain/pairing-profile.decider.js';
import { hashSecret, isSecret, keyIdOf } from './secret.js';
import type { newActivationCode } from './secret.js';

interface KeyRow {
  readonly id: string;
  readonly profile: string;
  readonly hash: string;
  readonly issuedAt: Date;
  /** Null: of before it was written down. */
  readonly issuedBy: Actor | null;
  readonly expiresAt: Date | null;
  readonly usesLeft: number | null;
  readonly used: number;
  readonly lastUsedAt: Date | null;
  readonly revoked: boolean;
}

export const PairingKeyEntity = new EntitySchema<KeyRow>({
  name: 'PairingKey',
  tableName: 'pairing_keys',
  columns: {
    id: { type: 'text', primary: true },
    profile: { type: 'text' },
    hash: { type: 'text' },
    issuedAt: { name: 'issued_at', type: 'timestamptz' },
    issuedBy: { name: 'issued_by', type: 'jsonb', nullable: true },
    expiresAt: { name: 'expires_at', type: 'timestamptz', nullable: true },
    usesLeft: { name: 'uses_left', type: 'int', nullable: true },
    used: { type: 'int', default: 0 },
    lastUsedAt: { name: 'last_used_at', type: 'timestamptz', nullable: true },
    revoked: { type: 'boolean' },
  },
  indices: [{ name: 'pairing_keys_profile', columns: ['profile'] }],
});

export interface KeyUses {
  readonly used: number;
  readonly lastUsedAt: Date | null;
  readonly lastIssuedAt: Date | null;
  readonly lastIssuedBy: Actor | null;
}
export interface PairingKey {
  readonly id: string;
  readonly profile: string;
  /** False: it is spent or expired. */
  readonly pairsNewNodes: boolean;
}

export async function addKey(
  entities: EntityManager,
  profile: PairingProfile,
  { id, code }: ReturnType<typeof newActivationCode>,
  { at: now, by: issuedBy }: { readonly at: Date; readonly by: Actor },
): Promise<void> {
  const { keyLifespan, allowedUsesPerKey } = profile;
  await entities.insert(PairingKeyEntity, {
    id,
    profile: profile.id,
    hash: hashSecret(code),
    issuedAt: now,
    issuedBy,
    expiresAt: keyLifespan === 'unlimited' ? null : new Date(now.getTime() + keyLifespan * 1_000),
    usesLeft: allowedUsesPerKey === 'unlimited' ? null : allowedUsesPerKey,
    revoked: false,
  });
}

/** Null: there is no such key, or it was revoked. */
export async function findKey(entities: EntityManager, code: string, now: Date): Promise<PairingKey | null> {
  const row = await entities.findOneBy(PairingKeyEntity, { id: keyIdOf(code), revoked: false });
  if (row === null || !isSecret(code, row.hash)) return null;
  const isSpent = row.usesLeft === 0 || (row.expiresAt !== null && row.expiresAt <= now);
  return { id: row.id, profile: row.profile, pairsNewNodes: !isSpent };
}

/** False: somebody else was faster and had the last use. */
export async function takeUse(entities: EntityManager, id: string, now: Date): Promise<boolean> {
  const stands = { id, revoked: false };
  const taken = await entities.update(
    PairingKeyEntity,
    [
      { ...stands, usesLeft: IsNull() },
      { ...stands, usesLeft: MoreThan(0) },
    ],
    { used: () => 'used + 1', usesLeft: () => 'uses_left - 1', lastUsedAt: now },
  );
  return taken.affected === 1;
}

export async function revokeKeys(entities: EntityManager, profile: string): Promise<void> {
  await entities.update(PairingKeyEntity, { profile }, { revoked: true });
}

export async function keyUses(entities: EntityManager): Promise<Map<string, KeyUses>> {
  const rows = await entities
    .createQueryBuilder(PairingKeyEntity, 'key')
    .select('key.profile', 'profile')
    .addSelect('sum(key.used)::int', 'used')
    .addSelect('max(key.lastUsedAt)', 'lastUsedAt')
    .addSelect('max(key.issuedAt)', 'lastIssuedAt')
    .addSelect('(array_agg(key.issued_by order by key.issued_at desc))[1]', 'lastIssuedBy')
    .groupBy('key.profile')
    .getRawMany<KeyUses & { profile: string }>();
  return new Map(rows.map((row) => [row.profile, row]));
}
