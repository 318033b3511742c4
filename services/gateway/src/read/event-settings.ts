/** `settings/events`: how long the audit trail is kept, what is told in it, and in which form it is forwarded. */
import type { AuditEvent, EventSettings } from '@ringfence/contracts';
import { settingsOf } from './settings.js';

export const eventSettings = settingsOf<EventSettings>('events', {
  audit_event_retention_seconds: 2_592_000,
  audit_event_min_severity: 'informational',
  format: 'JSON',
});

const LEAST: Readonly<Record<EventSettings['audit_event_min_severity'], readonly AuditEvent['severity'][]>> =
  {
    error: ['err'],
    warning: ['err', 'warning'],
    informational: ['err', 'warning', 'info'],
  };

export const isKept = (severity: AuditEvent['severity'], settings: EventSettings): boolean =>
  LEAST[settings.audit_event_min_severity].includes(severity);
