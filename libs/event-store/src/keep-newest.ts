/** Rows of which each says how new it is: what comes late changes nothing. */
import type { EntityManager, EntitySchema, ObjectLiteral, QueryDeepPartialEntity } from 'typeorm';

/**
 * Writes rows, each where there is none of its key yet, or one that is not newer by this column. Columns that the first does not name stay
 * as they are; no two of the rows have the same key. Returns those that were written.
 */
export async function keepNewest<T extends ObjectLiteral, Row extends Partial<T>>(
  entities: EntityManager,
  entity: EntitySchema<T>,
  rows: readonly Row[],
  newestBy: keyof T & string,
): Promise<Row[]> {
  const [first] = rows;
  if (first === undefined) return [];
  const { tableName, columns, primaryColumns } = entities.connection.getMetadata(entity);
  const namesOf = (which: (column: (typeof columns)[number]) => boolean): string[] =>
    columns.filter(which).map(({ databaseName }) => databaseName);
  const keys = primaryColumns.map(({ databaseName }) => databaseName);
  const named = namesOf(({ isPrimary, propertyName }) => !isPrimary && propertyName in first);
  const [newest] = namesOf(({ propertyName }) => propertyName === newestBy);
  const { raw } = await entities
    .createQueryBuilder()
    .insert()
    .into(entity)
    .values(rows as readonly unknown[] as QueryDeepPartialEntity<T>[])
    .orUpdate(named, keys, { overwriteCondition: { where: `${tableName}.${newest} <= excluded.${newest}` } })
    .returning(keys)
    .updateEntity(false)
    .execute();
  const kept = new Set((raw as ObjectLiteral[]).map((row) => keyOf(row, keys)));
  const properties = primaryColumns.map(({ propertyName }) => propertyName);
  return rows.filter((row) => kept.has(keyOf(row, properties)));
}

const keyOf = (row: ObjectLiteral, names: readonly string[]): string =>
  JSON.stringify(names.map((name) => String(row[name])));
