/** For specs: the events of label-resolver that policy-compute hears. */
import { randomUUID } from 'node:crypto';
import type { Bus } from '@ringfence/bus';
import { GLOBAL, NO_FACTS, subjects } from '@ringfence/contracts';
import type { EntityLabelsState, FactPositions, LabelState, ProfileState } from '@ringfence/contracts';
import type { z } from 'zod';

export const CLUSTER = '00000000-0000-4000-8000-0000000000c1';

type Entity = z.infer<typeof EntityLabelsState>;

export interface ToldFacts {
  label(state: Partial<LabelState> & { id: string; key: string; value: string }): Promise<void>;
  deleteLabel(id: string): Promise<void>;
  profile(state: Partial<ProfileState> & { namespace: string | null }): Promise<void>;
  entity(state: Partial<Entity> & { id: string; name: string; labels: string[] }): Promise<void>;
  removeEntity(id: string, cluster?: string): Promise<void>;
  /** How far what was told goes, as the cluster's commits count it. */
  told(): FactPositions;
}

export function factsOn(bus: Bus): ToldFacts {
  let position = 0;
  const told = { ...NO_FACTS };
  const publish = async (
    cluster: string,
    entity: string,
    type: string,
    data: { id: string },
  ): Promise<void> => {
    const envelope = {
      id: randomUUID(),
      type,
      v: 1,
      stream: `${entity}-${data.id}`,
      version: 1,
      position: ++position,
      at: new Date().toISOString(),
      cluster,
      actor: { kind: 'user', id: '1' },
      data,
    };
    await bus.publish(subjects.event(cluster, entity, data.id), envelope, { id: envelope.id });
    if (cluster === CLUSTER || cluster === GLOBAL) told[entity as keyof FactPositions] = envelope.position;
  };
  return {
    label: (state) =>
      publish(GLOBAL, 'label', 'LabelCreated', {
        externalDataSet: null,
        externalDataReference: null,
        ...state,
      } as LabelState),
    deleteLabel: (id) => publish(GLOBAL, 'label', 'LabelDeleted', { id }),
    profile: (state) =>
      publish(CLUSTER, 'profile', 'ProfileChanged', {
        id: randomUUID(),
        cluster: CLUSTER,
        name: state.namespace ?? 'template',
        description: '',
        managed: true,
        linked: true,
        mode: 'full',
        assignments: {},
        ...state,
      } as ProfileState),
    entity: (state) => {
      const entity: Entity = {
        cluster: CLUSTER,
        class: 'pod',
        kind: 'Deployment',
        namespace: 'shop',
        mode: 'full',
        refused: [],
        addresses: [],
        node: null,
        ...state,
      };
      return publish(entity.cluster, 'entity', 'EntityLabelled', entity);
    },
    removeEntity: (id, cluster = CLUSTER) => publish(cluster, 'entity', 'EntityUnlabelled', { id }),
    told: () => ({ ...told }),
  };
}
