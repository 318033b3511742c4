/** Where hashes of passwords are kept, beside the events of users: nobody but who checks one reads them. */
import { createHash } from 'node:crypto';
import { EntitySchema } from 'typeorm';
import type { EntityManager } from 'typeorm';

export const PasswordEntity = new EntitySchema<{ readonly user: string; readonly hash: string }>({
  name: 'Password',
  tableName: 'user_passwords',
  columns: { user: { name: 'user_id', type: 'text', primary: true }, hash: { type: 'text' } },
});

export async function hashOf(entities: EntityManager, user: string): Promise<string | undefined> {
  return (await entities.findOneBy(PasswordEntity, { user }))?.hash;
}

/** Which password it was, for who comes back to it later. */
export const proofOf = (hash: string): string => createHash('sha256').update(hash).digest('hex');

/** Whether it still is his; whoever changes it meanwhile waits until the transaction ends. */
export async function isStillHis(entities: EntityManager, user: string, proof: string): Promise<boolean> {
  const lock = { mode: 'pessimistic_read' } as const;
  const row = await entities.findOne(PasswordEntity, { where: { user }, lock });
  return row !== null && proofOf(row.hash) === proof;
}
