/** Rows of which each says how new it is: what comes late changes nothing. */
import type { EntityManager, EntitySchema, ObjectLiteral, QueryDeepPartialEntity } from 'typeorm';

/**
 * Writes rows, each where there is none of its key yet, or one that is not newer by this column. Columns that a row does not name stay as
 * they are. Returns how many were written.
 */
export async function keepNewest<T extends ObjectLiteral>(
  entities: EntityManager,
  entity: EntitySchema<T>,
  rows: readonly Partial<T>[],
  newestBy: keyof T & string,
): Promise<number> {
  const [first] = rows;
  if (first === undefined) return 0;
  const { tableName, columns } = entities.connection.getMetadata(entity);
  const namesOf = (which: (column: (typeof columns)[number]) => boolean): string[] =>
    columns.filter(which).map(({ databaseName }) => databaseName);
  const keys = namesOf(({ isPrimary }) => isPrimary);
  const named = namesOf(({ isPrimary, propertyName }) => !isPrimary && propertyName in first);
  const [newest] = namesOf(({ propertyName }) => propertyName === newestBy);
  const { raw } = await entities
    .createQueryBuilder()
    .insert()
    .into(entity)
    .values(rows as QueryDeepPartialEntity<T>[])
    .orUpdate(named, keys, { overwriteCondition: { where: `${tableName}.${newest} <= excluded.${newest}` } })
    .returning(keys)
    .updateEntity(false)
    .execute();
  return (raw as unknown[]).length;
}
