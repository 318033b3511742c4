/** `settings/workloads`: a singleton that is adopted by writing it and always answers. Its timeouts say when a managed workload is offline. */
import { WorkloadSettingsUpdate } from '@ringfence/contracts';
import type { WorkloadSettingsItem } from '@ringfence/contracts';
import type { EventStore } from '@ringfence/event-store';
import { idOfHref, orgHref, parsed } from '@ringfence/resources';
import type { Operations } from '@ringfence/resources';
import { EntitySchema } from 'typeorm';
import type { Silence } from '../../domain/cluster-status.calculator.js';
import type { Timer, Timers } from '../../domain/offline.js';

export interface SettingsParts {
  readonly store: EventStore;
  readonly silence: Silence;
}

const THE_ONE = 1;
const DISCONNECTED_SECONDS = 3_600;
const GOODBYE_SECONDS = 900;

export const WorkloadSettingsEntity = new EntitySchema<{ readonly id: number; readonly body: object }>({
  name: 'WorkloadSettings',
  tableName: 'workload_settings',
  columns: { id: { type: 'int', primary: true }, body: { type: 'jsonb' } },
});

export function workloadSettingsOperations(parts: SettingsParts): Operations {
  const read = async () => ({ body: await current(parts) });
  return {
    get: read,
    update: async (request) => {
      const { href: _, ...wanted } = parsed(WorkloadSettingsUpdate, request.body);
      timersIn(wanted);
      // In one step: what others change meanwhile stays changed.
      await parts.store.entities.query(
        `insert into workload_settings (id, body) values ($1, $2)
         on conflict (id) do update set body = workload_settings.body || excluded.body`,
        [THE_ONE, JSON.stringify(wanted)],
      );
      return {};
    },
  };
}

export async function timersOf(parts: SettingsParts): Promise<Timers> {
  const standard = timersIn(STANDARD);
  const { disconnected, goodbye } = timersIn(await current(parts));
  // Where nothing is said of all workloads, they have ours.
  return {
    disconnected: [...disconnected, ...standard.disconnected],
    goodbye: [...goodbye, ...standard.goodbye],
    offlineSeconds: parts.silence.agentOfflineMs / 1_000,
  };
}

async function current(parts: SettingsParts): Promise<WorkloadSettingsItem> {
  const row = await parts.store.entities.findOneBy(WorkloadSettingsEntity, { id: THE_ONE });
  const { href, ...settings } = { ...STANDARD, ...row?.body };
  return {
    href,
    ...Object.fromEntries(Object.entries(settings).map(([field, each]) => [field, each.map(typed)])),
  };
}

/** Clients look for the entry of a type of agents, also where they named none. */
const typed = <E extends { readonly ven_type?: string | null }>(entry: E): E => ({
  ...entry,
  ven_type: entry.ven_type || 'server',
});

const STANDARD: WorkloadSettingsItem = {
  href: orgHref('settings/workloads'),
  workload_disconnected_timeout_seconds: [{ scope: [], value: DISCONNECTED_SECONDS }],
  workload_goodbye_timeout_seconds: [{ scope: [], value: GOODBYE_SECONDS }],
  workload_disconnected_notification_seconds: [],
  ven_uninstall_timeout_hours: [],
};

const timersIn = (
  settings: Omit<WorkloadSettingsItem, 'href'>,
): Pick<Timers, 'disconnected' | 'goodbye'> => ({
  disconnected: timers(settings.workload_disconnected_timeout_seconds),
  goodbye: timers(settings.workload_goodbye_timeout_seconds),
});

/** Settings for agents of people's own machines concern none of ours. */
const timers = (entries: WorkloadSettingsItem['workload_disconnected_timeout_seconds'] = []): Timer[] =>
  entries
    .filter(({ ven_type: type }) => type !== 'endpoint')
    .map(({ scope, value }) => ({
      scope: scope.map(({ href }) => idOfHref(href, 'labels')),
      seconds: value,
    }));
