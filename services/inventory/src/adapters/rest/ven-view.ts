/** How agents look over REST as VENs: what is known of them, what ails them, and whom they enforce for. */
import type { Document } from '@ringfence/event-store';
import { orgHref } from '@ringfence/resources';
import type { Workload } from '../../domain/workload.decider.js';
import { isRecovering } from '../../read/agents.js';
import type { AgentRow } from '../../read/agents.js';
import { metaOfWorkload, syncStateOf } from './agent-view.js';
import { clusterReference, isOnline, labelReferences, placeOf, textOf } from './surroundings.js';
import type { Surroundings } from './surroundings.js';
import { showInterfaces } from './workload-view.js';

export type VenStatus = 'active' | 'stopped' | 'uninstalled';
export type VenHealth = 'healthy' | 'warning' | 'error';
export const MISSED_HEARTBEATS = 'agent.missed_heartbeats';
export const AUTHENTICATION_RECOVERY = 'agent.authentication_recovery';

export interface Condition {
  readonly type: typeof MISSED_HEARTBEATS | typeof AUTHENTICATION_RECOVERY;
  readonly since: Date;
  readonly info: Readonly<Record<string, unknown>>;
}

export function venStatus({ body, deletedAt }: Document<Workload>, around: Surroundings): VenStatus {
  if (deletedAt !== null) return 'uninstalled';
  return around.agents.get(placeOf(body))?.status ?? 'stopped';
}

export function conditionsOf({ body }: Document<Workload>, around: Surroundings): Condition[] {
  const agent = around.agents.get(placeOf(body));
  if (agent === undefined) return [];
  const { lastHeartbeat, recoveryUntil } = agent;
  const isLost = body.lost === true;
  const isSilent = isLost || (agent.status === 'active' && !isOnline(body, around));
  const until = isRecovering(agent, around.hearing.now) ? recoveryUntil : null;
  return [
    ...(isSilent
      ? [{ type: MISSED_HEARTBEATS, since: lastHeartbeat, info: { left_rules_of_peers: isLost } } as const]
      : []),
    ...(until === null
      ? []
      : [
          {
            type: AUTHENTICATION_RECOVERY,
            since: lastHeartbeat,
            info: { until: until.toISOString() },
          } as const,
        ]),
  ];
}

export function healthOf(found: Document<Workload>, around: Surroundings): VenHealth {
  const place = placeOf(found.body);
  const errors = around.agents.get(place)?.errors ?? [];
  if (errors.length > 0 || around.notInForce.has(place)) return 'error';
  return conditionsOf(found, around).length > 0 ? 'warning' : 'healthy';
}

export function showVen(found: Document<Workload>, around: Surroundings): Record<string, unknown> {
  const workload = found.body;
  return {
    href: orgHref(`vens/${workload.id}`),
    name: workload.name,
    description: textOf(workload, 'description'),
    hostname: workload.hostname,
    os_id: null,
    os_detail: null,
    os_platform: 'linux',
    activation_type: 'pairing_key',
    active_pce_fqdn: null,
    target_pce_fqdn: null,
    ven_type: 'containerized',
    status: venStatus(found, around),
    ...venFacts(around.agents.get(placeOf(workload))),
    labels: labelReferences(workload.labels, around.labels),
    interfaces: showInterfaces(workload, around),
    workloads: [showOwnWorkload(workload, around)],
    container_cluster: clusterReference(workload.cluster, around),
    secure_connect: null,
    conditions: conditionsOf(found, around).map(showCondition),
    upgrade_expires_at: null,
    upgrade_target_version: null,
    unpair_allowed: found.deletedAt === null,
    caps: around.reach.caps(['write', 'unpair'], workload.labels),
    ...metaOfWorkload(found),
  };
}

function showOwnWorkload(workload: Workload, around: Surroundings): Record<string, unknown> {
  const at = around.acks.get(placeOf(workload))?.ackedAt.toISOString();
  return {
    href: orgHref(`workloads/${workload.id}`),
    name: workload.name,
    hostname: workload.hostname,
    managed: true,
    online: isOnline(workload, around),
    enforcement_mode: workload.mode,
    visibility_level: workload.visibilityLevel,
    labels: labelReferences(workload.labels, around.labels),
    interfaces: showInterfaces(workload, around),
    security_policy_sync_state: syncStateOf(workload, around),
    ...(at !== undefined && { security_policy_applied_at: at }),
  };
}

function venFacts(agent: AgentRow | undefined): Record<string, unknown> {
  if (agent === undefined) return { uid: null, version: '', last_heartbeat_at: null, last_goodbye_at: null };
  return {
    uid: agent.machineId,
    version: agent.version,
    last_heartbeat_at: agent.lastHeartbeat.toISOString(),
    last_goodbye_at: agent.lastGoodbye?.toISOString() ?? null,
    ringfence_pods: agent.pods,
    ringfence_pods_enforced: agent.podsEnforced,
    ringfence_errors: agent.errors,
  };
}

const showCondition = ({ type, since, info }: Condition): Record<string, unknown> => ({
  first_reported_timestamp: since.toISOString(),
  latest_event: { notification_type: type, severity: 'warning', info, timestamp: since.toISOString() },
});
