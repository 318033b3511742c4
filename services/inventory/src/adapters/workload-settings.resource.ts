/** `settings/workloads`: a singleton that is adopted by writing it and always answers. Kept and shown; our own silences are configuration. */
import { WorkloadSettingsUpdate } from '@ringfence/contracts';
import type { EventStore } from '@ringfence/event-store';
import { orgHref, parsed } from '@ringfence/resources';
import type { Operations } from '@ringfence/resources';

const DEFAULTS = {
  workload_disconnected_timeout_seconds: [{ scope: [], value: 300 }],
  workload_goodbye_timeout_seconds: [{ scope: [], value: 900 }],
  workload_disconnected_notification_seconds: [],
  ven_uninstall_timeout_hours: [],
};

export function workloadSettingsOperations(store: EventStore): Operations {
  const current = async (): Promise<Record<string, unknown>> => {
    const { rows } = await store.pool.query<{ body: Record<string, unknown> }>(
      'select body from workload_settings where id = 1',
    );
    return { href: orgHref('settings/workloads'), ...DEFAULTS, ...rows[0]?.body };
  };
  const read = async () => ({ body: await current() });
  return {
    list: read,
    get: read,
    update: async (request) => {
      const body = { ...(await current()), ...parsed(WorkloadSettingsUpdate, request.body) };
      await store.pool.query(
        'insert into workload_settings values (1, $1) on conflict (id) do update set body = excluded.body',
        [JSON.stringify(body)],
      );
      return {};
    },
  };
}
