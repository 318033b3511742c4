/**
 * The health of the whole: `normal` only if every part of the control plane has what it needs, its lanes move, and policy is
 * in force wherever it is asked. Not being able to ask is not being normal.
 */

export interface ClusterWord {
  readonly name: string;
  readonly status: string;
  readonly message: string;
  /** How many NetworkPolicies cannot be read there. */
  readonly refusedNetworkPolicies?: number | undefined;
}
export interface ServiceWord {
  /** What it lacks, in words. */
  readonly missing: readonly string[];
  /** What works, and should not be as it is. */
  readonly alarms: readonly string[];
  /** Where it forwards to, and what is not taken there. */
  readonly away?: readonly string[];
}
export interface Parts {
  readonly services: Readonly<Record<string, ServiceWord>>;
  readonly clusters: readonly ClusterWord[];
}
export interface Notification {
  readonly status: 'warning' | 'critical';
  readonly token: string;
  readonly message: string;
}

/** A cluster that nobody has connected yet is no trouble. */
const FINE = new Set(['in_sync', 'never_connected']);

export function notificationsOf({ services, clusters }: Parts): Notification[] {
  const told = Object.entries(services);
  const lacking = told.flatMap(([service, { missing }]) =>
    missing.map((words) => ({
      status: 'critical' as const,
      token: 'service_unavailable',
      message: `${service}: ${words}`,
    })),
  );
  const insecure = told.flatMap(([service, { alarms }]) =>
    alarms.map((words) => ({
      status: 'warning' as const,
      token: 'insecure',
      message: `${service}: ${words}`,
    })),
  );
  const away = told.flatMap(([, { away: places = [] }]) =>
    places.map((message) => ({ status: 'warning' as const, token: 'syslog_destination_away', message })),
  );
  const troubled = clusters.filter(({ status }) => !FINE.has(status));
  // Where there is trouble, its message says this, too.
  const refusing = clusters.filter(
    ({ status, refusedNetworkPolicies: count = 0 }) => FINE.has(status) && count > 0,
  );
  const refused = refusing.map(({ name, message }) => ({
    ...{ status: 'warning' as const, token: 'network_policies_refused' },
    message: `cluster ${name}: ${message}`,
  }));
  return [...lacking, ...troubled.map(notificationOf), ...refused, ...insecure, ...away];
}

function notificationOf({ name, status, message }: ClusterWord): Notification {
  const isError = status === 'error';
  return {
    status: isError ? 'critical' : 'warning',
    token: isError ? 'cluster_error' : 'cluster_out_of_sync',
    message: `cluster ${name}: ${message}`,
  };
}

export function statusOf(notifications: readonly Notification[]): 'normal' | 'warning' | 'critical' {
  if (notifications.length === 0) return 'normal';
  return notifications.some(({ status }) => status === 'critical') ? 'critical' : 'warning';
}
