/** Rows of which there may be so many and no more, whoever else is adding one just now, in whichever process. */
import type { EntityManager, EntitySchema, ObjectLiteral, QueryDeepPartialEntity } from 'typeorm';

/** False: there are as many as there may be. */
export function insertAtMost<Row extends ObjectLiteral>(
  entities: EntityManager,
  most: number,
  entity: EntitySchema<Row>,
  row: QueryDeepPartialEntity<Row>,
): Promise<boolean> {
  return entities.transaction(async (tx) => {
    // Whoever adds waits for who adds; who reads does not.
    const { tablePath } = tx.getRepository(entity).metadata;
    await tx.query(`lock table ${tablePath} in share row exclusive mode`);
    if ((await tx.count(entity)) >= most) return false;
    await tx.insert(entity, row);
    return true;
  });
}
