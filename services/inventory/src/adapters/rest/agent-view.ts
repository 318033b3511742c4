/** The agent of a workload, in the older form that workloads and `agents` show. */
import type { NodeEssential } from '@ringfence/contracts';
import type { Document } from '@ringfence/event-store';
import { essentialGroupWords, essentialWords } from '@ringfence/policy-engine';
import { metaOf, orgHref } from '@ringfence/resources';
import type { Workload } from '../../domain/workload.decider.js';
import type { AgentRow } from '../../read/agents.js';
import { legacyMode } from './legacy-mode.js';
import { isOnline, labelReferences, placeOf, textOf } from './surroundings.js';
import type { Surroundings } from './surroundings.js';

export const agentHref = (agent: string): string => orgHref(`agents/${agent}`);

/** An agent writes its node's name where the API wants its number. */
export function metaOfWorkload(found: Document<Workload>): Record<string, unknown> {
  const { createdBy, updatedBy, deletedBy, body } = found;
  const byAgent = Object.entries({
    created_by: createdBy,
    updated_by: updatedBy,
    deleted_by: deletedBy,
  }).flatMap(([field, by]) => (by?.kind === 'agent' ? [[field, { href: agentHref(body.agent ?? '') }]] : []));
  return { ...metaOf(found), ...Object.fromEntries(byAgent) };
}

export function agentOf(found: Document<Workload>, around: Surroundings): Record<string, unknown> {
  const workload = found.body;
  const config = {
    mode: legacyMode(workload.mode),
    log_traffic: logsTraffic(workload),
    visibility_level: workload.visibilityLevel,
    security_policy_update_mode: 'adaptive',
  };
  if (!workload.managed) return { config };
  const agent = around.agents.get(placeOf(workload));
  const status = {
    ...heard(agent),
    managed_since: found.createdAt.toISOString(),
    ...applied(workload, around),
  };
  return {
    ...(workload.agent !== undefined && { href: agentHref(workload.agent) }),
    ...{ config, type: 'Host', secure_connect: {}, status },
    ...hostOf(agent),
  };
}

export const logsTraffic = ({ visibilityLevel }: Workload): boolean =>
  visibilityLevel !== 'flow_off' && visibilityLevel !== 'flow_drops';

/** What the node lets through whatever the policy says, and whom full mode would cut off now. */
const hostOf = (agent: AgentRow | undefined): Record<string, unknown> => ({
  essential_rules: (agent?.host?.essential ?? []).map(showEssential),
  cut_by_full: agent?.host?.cutByFull ?? [],
});

function showEssential({ ref, direction, ports, cidrs, groups }: NodeEssential): Record<string, unknown> {
  const words = essentialWords(ref);
  const who = [...groups.map(essentialGroupWords), ...cidrs];
  return { ref, direction, ports, who, purpose: words?.purpose ?? ref, follows: words?.follows ?? '' };
}

function heard(agent: AgentRow | undefined): Record<string, unknown> {
  const { errors = [], status = 'stopped', machineId: uid = '', version = '' } = agent ?? {};
  return {
    ...{ status, uid, agent_version: version },
    last_heartbeat_on: agent?.lastHeartbeat.toISOString() ?? null,
    agent_health: errors.map(({ token }) => ({ type: token, severity: 'err' })),
    agent_health_errors: { errors: errors.map(({ token }) => token), warnings: [] },
  };
}

function applied(workload: Workload, around: Surroundings): Record<string, unknown> {
  const at = around.acks.get(placeOf(workload))?.ackedAt.toISOString();
  const state = syncStateOf(workload, around);
  return {
    fw_config_current: state === 'applied',
    security_policy_sync_state: state,
    // One moment: an agent says that it has a policy when that is in its kernel.
    ...(at !== undefined && {
      ...{ security_policy_applied_at: at, security_policy_received_at: at },
      security_policy_refresh_at: at,
    }),
  };
}

/** Of its node's own table. */
export function syncStateOf(workload: Workload, around: Surroundings): 'syncing' | 'applied' {
  const place = placeOf(workload);
  const revision = around.agents.get(place)?.revision ?? 0;
  const isApplied = (around.acks.get(place)?.revision ?? -1) >= revision && !around.notInForce.has(place);
  const isNewest = around.progressOf(workload.cluster ?? '').isNewestOn(workload.node ?? '');
  return isApplied && isNewest ? 'applied' : 'syncing';
}

/** As the collection of agents shows it. */
export function showAgent({ body }: Document<Workload>, around: Surroundings): Record<string, unknown> {
  const agent = around.agents.get(placeOf(body));
  return {
    href: agentHref(body.agent ?? ''),
    name: body.name,
    description: textOf(body, 'description'),
    online: isOnline(body, around),
    mode: legacyMode(body.mode),
    uid: agent?.machineId ?? '',
    last_heartbeat_on: agent?.lastHeartbeat.toISOString() ?? null,
    hostname: body.hostname,
    agent_version: agent?.version ?? null,
    public_ip: body.publicIp,
    log_traffic: logsTraffic(body),
    visibility_level: body.visibilityLevel,
    labels: labelReferences(body.labels, around.labels),
    ven: { href: orgHref(`vens/${body.id}`) },
  };
}
