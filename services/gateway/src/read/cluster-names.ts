/** How container clusters are called, for the audit trail of what they do; those that are gone, too. */
import { MIRRORED } from '@ringfence/contracts';
import type { ContainerClusterState, Envelope } from '@ringfence/contracts';
import { keepNewest, WHOLE_NUMBER } from '@ringfence/event-store';
import { EntitySchema } from 'typeorm';
import type { EntityManager } from 'typeorm';
import type { z } from 'zod';

interface ClusterName {
  readonly id: string;
  readonly name: string;
  /** Of the event that said so. */
  readonly position: number;
}

export const ClusterNameEntity = new EntitySchema<ClusterName>({
  name: 'ClusterName',
  tableName: 'cluster_names',
  columns: { id: { type: 'text', primary: true }, name: { type: 'text' }, position: WHOLE_NUMBER },
});

const SAID = new Set<string>(MIRRORED['container-cluster'].written);

export async function noteClusterName(
  entities: EntityManager,
  { type, data, position }: Envelope,
): Promise<void> {
  if (!SAID.has(type)) return;
  const { id, name } = data as z.infer<typeof ContainerClusterState>;
  await keepNewest(entities, ClusterNameEntity, [{ id, name, position }], 'position');
}

/** Of who acts, if that is a cluster; null: it is none, or nobody said how it is called. */
export async function clusterNameOf(
  entities: EntityManager,
  { kind, id }: Envelope['actor'],
): Promise<string | null> {
  if (kind !== 'container_cluster') return null;
  return (await entities.findOneBy(ClusterNameEntity, { id }))?.name ?? null;
}
