/** The audit trail (`events`) and how it is kept (`settings/events`). */
import { z } from 'zod';
import type { CollectionContracts } from './collection.js';
import { Text } from '../text.js';

const SEVERITIES = ['emerg', 'alert', 'crit', 'err', 'warning', 'notice', 'info', 'debug'] as const;

const action = z.object({
  uuid: z.uuid(),
  api_endpoint: Text,
  api_method: Text,
  /** Null: the gateway ended before the answer. */
  http_status_code: z.number().int().nullable(),
  src_ip: Text,
  info: z.record(Text, z.unknown()),
  errors: z.array(z.object({ token: Text, message: Text })),
});
const resourceChange = z.object({
  uuid: z.uuid(),
  /** `{<type>: {href, name, …}}`. */
  resource: z.record(Text, z.looseObject({ href: Text.optional() })),
  change_type: z.enum(['create', 'update', 'delete']),
  changes: z.record(Text, z.object({ before: z.unknown(), after: z.unknown() })),
});
const notification = z.object({ uuid: z.uuid(), notification_type: Text, info: z.unknown() });

/** An audit event: what somebody asked for, and how it ended; or what an agent, a cluster or the system did. */
export const AuditEvent = z.object({
  href: Text,
  event_id: Text,
  event_type: Text,
  timestamp: Text,
  pce_fqdn: Text,
  severity: z.enum(SEVERITIES),
  status: z.enum(['success', 'failure']),
  created_by: z.record(Text, z.unknown()),
  action: action.nullable(),
  resource_changes: z.array(resourceChange),
  notifications: z.array(notification),
});
export type AuditEvent = z.infer<typeof AuditEvent>;

/** A day alone is none. */
const moment = z.iso.datetime({ offset: true, local: true });
/** By which the trail is narrowed. */
export const EventQuery = z.object({
  created_by: Text.describe(
    'Who did it: an href, a name, or `user`, `agent`, `container_cluster`, `system`.',
  ).optional(),
  event_type: Text.describe('The type as a whole, such as `label.create`.').optional(),
  severity: z.enum(SEVERITIES).describe('Only events of this severity.').optional(),
  status: z.enum(['success', 'failure']).describe('Only what succeeded, or failed.').optional(),
  'timestamp[gte]': moment.describe('Not before this time, such as `2026-01-31T12:00:00Z`.').optional(),
  'timestamp[lte]': moment.describe('Not after this time.').optional(),
});

const eventSettings = {
  /** A day to 200 days. */
  audit_event_retention_seconds: z.number().int().min(86_400).max(17_280_000),
  audit_event_min_severity: z.enum(['error', 'warning', 'informational']),
  /** Of what is forwarded. */
  format: z.enum(['JSON', 'CEF', 'LEEF']),
};
export const EventSettings = z.object(eventSettings);
export type EventSettings = z.infer<typeof EventSettings>;
const EventSettingsItem = EventSettings.extend({ href: Text });
export const EventSettingsUpdate = EventSettings.partial().extend({ href: Text.optional() }).strict();

export const eventCollections = {
  events: { item: AuditEvent, query: EventQuery.shape },
  system_events: { item: AuditEvent, query: EventQuery.omit({ created_by: true }).shape },
  'settings/events': { item: EventSettingsItem, update: EventSettingsUpdate },
} as const satisfies CollectionContracts;
