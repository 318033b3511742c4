/** Settings of the organisation that the gateway answers for: what was said, over what holds until somebody says otherwise. */
import { EntitySchema } from 'typeorm';
import type { EntityManager } from 'typeorm';

interface SettingsRow {
  readonly name: string;
  readonly body: object;
}

/** By their word. */
export const SettingsEntity = new EntitySchema<SettingsRow>({
  name: 'Settings',
  tableName: 'settings',
  columns: { name: { type: 'text', primary: true }, body: { type: 'jsonb' } },
});

export interface Settings<T> {
  get(entities: EntityManager): Promise<T>;
  keep(entities: EntityManager, change: Partial<T>): Promise<void>;
}

export function settingsOf<T extends object>(name: string, defaults: T): Settings<T> {
  const get = async (entities: EntityManager): Promise<T> => {
    const row = await entities.findOneBy(SettingsEntity, { name });
    return { ...defaults, ...row?.body };
  };
  return {
    get,
    keep: async (entities, change) => {
      // In one step: what others change meanwhile stays changed.
      await entities.query(
        `insert into settings (name, body) values ($1, $2)
         on conflict (name) do update set body = settings.body || excluded.body`,
        [name, JSON.stringify(change)],
      );
    },
  };
}
