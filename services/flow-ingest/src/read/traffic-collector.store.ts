/** Which flows are not kept: few settings, as they were written. */
import { randomUUID } from 'node:crypto';
import type { TrafficCollectorCreate } from '@ringfence/contracts';
import { oneAtATime } from '@ringfence/event-store';
import { EntitySchema } from 'typeorm';
import type { EntityManager } from 'typeorm';
import type { Transmission } from '../domain/transmission.js';

export const MOST_SETTINGS = 100;

export interface CollectorSetting {
  readonly id: string;
  readonly body: TrafficCollectorCreate & { readonly transmission: Transmission };
}
/** Of a flow nobody knows its source port: what is about one is about no flow. */
export const namesSourcePort = ({ target }: TrafficCollectorCreate): boolean =>
  (target?.src_port ?? -1) !== -1;

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
  add(body: CollectorSetting['body']): Promise<CollectorSetting | undefined>;
  /** `after` says from what it is what it becomes. False: it is not there. */
  change(id: string, after: (before: CollectorSetting['body']) => CollectorSetting['body']): Promise<boolean>;
  remove(id: string): Promise<void>;
}

export function trafficCollector(entities: EntityManager): TrafficCollector {
  const settings = entities.getRepository(TrafficCollectorEntity);
  // Looking and writing are one step, so that the bound holds and no change is lost.
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
    change: (id, after) =>
      inTurn(async () => {
        const before = await settings.findOneBy({ id });
        if (before === null) return false;
        await settings.update({ id }, { body: after(before.body) });
        return true;
      }),
    remove: async (id) => void (await settings.delete({ id })),
  };
}
