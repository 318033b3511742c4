/** Which flows are not kept: few settings, as they were written. */
import { randomUUID } from 'node:crypto';
import type { TrafficCollectorCreate } from '@ringfence/contracts';
import { oneAtATime } from '@ringfence/event-store';
import { EntitySchema } from 'typeorm';
import type { EntityManager } from 'typeorm';

export const MOST_SETTINGS = 100;

export interface CollectorSetting {
  readonly id: string;
  readonly body: TrafficCollectorCreate;
}
export const TrafficCollectorEntity = new EntitySchema<CollectorSetting & { readonly createdAt: Date }>({
  name: 'TrafficCollector',
  tableName: 'traffic_collector',
  columns: {
    id: { type: 'uuid', primary: true },
    body: { type: 'jsonb' },
    createdAt: { name: 'created_at', type: 'timestamptz' },
  },
});

export interface TrafficCollector {
  list(): Promise<readonly CollectorSetting[]>;
  get(id: string): Promise<CollectorSetting | null>;
  /** Undefined: there are as many as there may be. */
  add(body: TrafficCollectorCreate): Promise<CollectorSetting | undefined>;
  change(id: string, body: TrafficCollectorCreate): Promise<void>;
  remove(id: string): Promise<void>;
}

export function trafficCollector(entities: EntityManager): TrafficCollector {
  const settings = entities.getRepository(TrafficCollectorEntity);
  // Counting and adding are one step, so that the bound holds.
  const inTurn = oneAtATime();
  return {
    list: () => settings.find({ order: { createdAt: 'asc' } }),
    get: (id) => settings.findOneBy({ id }),
    add: (body) =>
      inTurn(async () => {
        if ((await settings.count()) >= MOST_SETTINGS) return undefined;
        const setting = { id: randomUUID(), body };
        await settings.insert({ ...setting, createdAt: new Date() });
        return setting;
      }),
    change: async (id, body) => void (await settings.update({ id }, { body })),
    remove: async (id) => void (await settings.delete({ id })),
  };
}
