/** `settings/events`: how long the audit trail is kept, what is told in it, and in which form it is forwarded. */
import type { AuditEvent, EventSettings } from '@ringfence/contracts';
import { EntitySchema } from 'typeorm';
import type { EntityManager } from 'typeorm';

interface SettingsRow {
  readonly name: string;
  readonly body: object;
}

/** Settings of the organisation that the gateway answers for, by their word. */
export const SettingsEntity = new EntitySchema<SettingsRow>({
  name: 'Settings',
  tableName: 'settings',
  columns: { name: { type: 'text', primary: true }, body: { type: 'jsonb' } },
});

const NAME = 'events';
const DEFAULTS: EventSettings = {
  audit_event_retention_seconds: 2_592_000,
  audit_event_min_severity: 'informational',
  format: 'JSON',
};

export async function eventSettings(entities: EntityManager): Promise<EventSettings> {
  const row = await entities.findOneBy(SettingsEntity, { name: NAME });
  return { ...DEFAULTS, ...row?.body };
}

export async function keepEventSettings(
  entities: EntityManager,
  change: Partial<EventSettings>,
): Promise<void> {
  const body = { ...(await eventSettings(entities)), ...change };
  await entities.upsert(SettingsEntity, { name: NAME, body }, ['name']);
}

const LEAST: Readonly<Record<EventSettings['audit_event_min_severity'], readonly AuditEvent['severity'][]>> =
  {
    error: ['err'],
    warning: ['err', 'warning'],
    informational: ['err', 'warning', 'info'],
  };

export const isKept = (severity: AuditEvent['severity'], settings: EventSettings): boolean =>
  LEAST[settings.audit_event_min_severity].includes(severity);
