/** Tokens of clusters, as hashes, and who was refused: what an operator looks at when an edge cannot come in. */
import { randomUUID } from 'node:crypto';
import { EntitySchema, LessThan } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { hashSecret, isSecret } from './secret.js';

const ATTEMPTS_KEPT_MS = 30 * 86_400_000;
const MAX_CLUSTER_LENGTH = 64;

export const ClusterTokenEntity = new EntitySchema<{ readonly cluster: string; readonly hash: string }>({
  name: 'ClusterToken',
  tableName: 'cluster_tokens',
  columns: { cluster: { type: 'text', primary: true }, hash: { type: 'text' } },
});

interface AttemptRow {
  readonly id: string;
  readonly at: Date;
  readonly cluster: string;
  readonly what: string;
  readonly reason: string;
}

export const RefusedAttemptEntity = new EntitySchema<AttemptRow>({
  name: 'RefusedAttempt',
  tableName: 'refused_attempts',
  columns: {
    id: { type: 'uuid', primary: true },
    at: { type: 'timestamptz' },
    cluster: { type: 'text' },
    what: { type: 'text' },
    reason: { type: 'text' },
  },
  indices: [{ name: 'refused_attempts_at', columns: ['at'] }],
});

export async function addToken(entities: EntityManager, cluster: string, token: string): Promise<void> {
  await entities.insert(ClusterTokenEntity, { cluster, hash: hashSecret(token) });
}

export async function isTokenOf(entities: EntityManager, cluster: string, token: string): Promise<boolean> {
  const row = await entities.findOneBy(ClusterTokenEntity, { cluster });
  return isSecret(token, row?.hash ?? '');
}

/** `cluster` is what the edge says it is, bounded. */
export async function noteRefused(
  entities: EntityManager,
  attempt: Pick<AttemptRow, 'cluster' | 'what' | 'reason'>,
): Promise<void> {
  const cluster = attempt.cluster.slice(0, MAX_CLUSTER_LENGTH);
  await entities.insert(RefusedAttemptEntity, { ...attempt, cluster, id: randomUUID(), at: new Date() });
  const old = new Date(Date.now() - ATTEMPTS_KEPT_MS);
  await entities.delete(RefusedAttemptEntity, { at: LessThan(old) });
}
