/** `settings/workloads`: a singleton that is adopted by writing it and always answers. Kept and shown; our own silences are configuration. */
import { WorkloadSettingsUpdate } from '@ringfence/contracts';
import type { EventStore } from '@ringfence/event-store';
import { orgHref, parsed } from '@ringfence/resources';
import type { Operations } from '@ringfence/resources';
import { EntitySchema } from 'typeorm';

const DEFAULTS = {
  workload_disconnected_timeout_seconds: [{ scope: [], value: 300 }],
  workload_goodbye_timeout_seconds: [{ scope: [], value: 900 }],
  workload_disconnected_notification_seconds: [],
  ven_uninstall_timeout_hours: [],
};

const THE_ONE = 1;

export const WorkloadSettingsEntity = new EntitySchema<{ readonly id: number; readonly body: object }>({
  name: 'WorkloadSettings',
  tableName: 'workload_settings',
  columns: { id: { type: 'int', primary: true }, body: { type: 'jsonb' } },
});

export function workloadSettingsOperations(store: EventStore): Operations {
  const current = async (): Promise<Record<string, unknown>> => {
    const row = await store.entities.findOneBy(WorkloadSettingsEntity, { id: THE_ONE });
    return { href: orgHref('settings/workloads'), ...DEFAULTS, ...row?.body };
  };
  const read = async () => ({ body: await current() });
  return {
    list: read,
    get: read,
    update: async (request) => {
      const body = { ...(await current()), ...parsed(WorkloadSettingsUpdate, request.body) };
      await store.entities.upsert(WorkloadSettingsEntity, { id: THE_ONE, body }, ['id']);
      return {};
    },
  };
}
