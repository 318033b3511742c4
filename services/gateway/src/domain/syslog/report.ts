/** What is forwarded, whatever it is of: the fields that security people look for by the names of CEF, and the whole as JSON. */
import type { AuditEvent, Flow } from '@ringfence/contracts';

export type Severity = AuditEvent['severity'];

export interface Report {
  /** Of syslog, for who filters by it. */
  readonly type: string;
  readonly severity: Severity;
  readonly at: string;
  /** By the names of CEF's dictionary. */
  readonly fields: Readonly<Record<string, string | number>>;
  readonly whole: object;
}

/** More of what one call changed is in the audit trail, under the event's href. */
const MOST_RESOURCES = 10;

export function reportOfEvent(event: AuditEvent): Report {
  const { action, resource_changes: changes, created_by: by } = event;
  const [first] = action?.errors ?? [];
  return {
    ...{ type: event.event_type, severity: event.severity, at: event.timestamp },
    fields: {
      externalId: event.event_id,
      outcome: event.status,
      ...whoOf(by),
      ...(action && {
        ...{ src: action.src_ip, requestMethod: action.api_method, request: action.api_endpoint },
        ...(action.http_status_code !== null && { cn1Label: 'status', cn1: action.http_status_code }),
      }),
      ...(first && { reason: `${first.token}: ${first.message}` }),
      ...(changes.length > 0 && {
        cs1Label: 'resources',
        cs1: changes.slice(0, MOST_RESOURCES).map(nameOf).join(' '),
      }),
    },
    whole: { ...event, resource_changes: changes.slice(0, MOST_RESOURCES) },
  };
}

function whoOf(by: AuditEvent['created_by']): Record<string, string> {
  const [kind = 'system', who] = Object.entries(by)[0] ?? [];
  const { username, hostname, href } = (who ?? {}) as Readonly<Record<string, string | undefined>>;
  return { suser: username ?? hostname ?? href ?? kind };
}

function nameOf({ resource, change_type: how }: AuditEvent['resource_changes'][number]): string {
  const [type = 'object', object] = Object.entries(resource)[0] ?? [];
  return `${how}:${object?.href ?? type}`;
}

export function reportOfFlow(flow: Flow): Report {
  const { src, dst, service, policy_decision: decision } = flow;
  return {
    ...{ type: `traffic.${decision}`, severity: decision === 'allowed' ? 'info' : 'warning' },
    at: flow.timestamp_range.last_detected,
    fields: {
      ...{ src: src.ip, dst: dst.ip, dpt: service.port, proto: service.proto, act: decision },
      ...{ cnt: flow.num_connections, deviceDirection: flow.flow_direction === 'inbound' ? 0 : 1 },
      start: flow.timestamp_range.first_detected,
      end: flow.timestamp_range.last_detected,
    },
    whole: flow,
  };
}
