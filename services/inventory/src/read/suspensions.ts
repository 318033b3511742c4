/**
 * Clusters that were cut off because they said far more than their share. The last suspension of each is kept: what was signed
 * for the cluster up to then stays worth nothing, also when its account is made known again.
 */
import { EntitySchema } from 'typeorm';
import type { EntityManager } from 'typeorm';

export interface Suspension {
  readonly cluster: string;
  readonly stream: string;
  /** For people: what was said beyond the share. */
  readonly detail: string;
  readonly at: Date;
  readonly until: Date;
}

export const SuspensionEntity = new EntitySchema<Suspension>({
  name: 'Suspension',
  tableName: 'suspensions',
  columns: {
    cluster: { type: 'text', primary: true },
    stream: { type: 'text' },
    detail: { type: 'text' },
    at: { type: 'timestamptz' },
    until: { type: 'timestamptz' },
  },
});

export const suspensionOf = (entities: EntityManager, cluster: string): Promise<Suspension | null> =>
  entities.findOneBy(SuspensionEntity, { cluster });

export async function suspensions(entities: EntityManager): Promise<Map<string, Suspension>> {
  const rows = await entities.find(SuspensionEntity);
  return new Map(rows.map((row) => [row.cluster, row]));
}
