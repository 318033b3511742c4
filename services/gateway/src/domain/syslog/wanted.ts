/** What a destination asks for. */
import type { AuditEvent, Flow, SyslogDestination } from '@ringfence/contracts';

type Least = SyslogDestination['audit_event_logger']['min_severity'];

/** From the gravest on. */
const SEVERITIES = ['emerg', 'alert', 'crit', 'err', 'warning', 'notice', 'info', 'debug'] as const;
const LAST: Readonly<Record<Least, AuditEvent['severity']>> = {
  error: 'err',
  warning: 'warning',
  informational: 'info',
};

/** What people do is of the configuration; what agents, clusters and the product do, of the system. */
export function wantsEvent({ audit_event_logger: asked }: SyslogDestination, event: AuditEvent): boolean {
  const isOfPeople = 'user' in event.created_by;
  const isAsked = isOfPeople ? asked.configuration_event_included : asked.system_event_included;
  return isAsked && SEVERITIES.indexOf(event.severity) <= SEVERITIES.indexOf(LAST[asked.min_severity]);
}

export function wantsFlow(
  { traffic_event_logger: asked }: SyslogDestination,
  decision: Flow['policy_decision'],
): boolean {
  switch (decision) {
    case 'allowed':
      return asked.traffic_flow_allowed_event_included;
    case 'potentially_blocked':
      return asked.traffic_flow_potentially_blocked_event_included;
    case 'blocked':
      return asked.traffic_flow_blocked_event_included;
    case 'unknown':
      return false;
  }
}

const DECISIONS = ['allowed', 'potentially_blocked', 'blocked'] as const;
export const wantsFlows = (destination: SyslogDestination): boolean =>
  DECISIONS.some((decision) => wantsFlow(destination, decision));
