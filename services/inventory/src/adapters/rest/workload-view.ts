/** How workloads, agents and interfaces look over REST. What else they show comes from labels, heartbeats and acknowledgements. */
import type { EnforcementView, NodeEssential, WorkloadInterface } from '@ringfence/contracts';
import type { Document, EventStore } from '@ringfence/event-store';
import { essentialGroupWords, essentialWords } from '@ringfence/policy-engine';
import { metaOf, orgHref } from '@ringfence/resources';
import type { Hearing, Silence } from '../../domain/cluster-status.calculator.js';
import { isSilent } from '../../domain/cluster-status.calculator.js';
import type { PolicyProgress } from '../../domain/policy-progress.calculator.js';
import type { Workload } from '../../domain/workload.decider.js';
import { containerClusters } from '../../read/inventory-documents.js';
import { labelled } from '../../read/labelled.js';
import type { KnownLabel } from '../../read/labelled.js';
import type { NotInForceRow } from '../../domain/enforcement-alarms.calculator.js';
import { enforcementView, nodeAcks } from '../../read/acks.js';
import type { NodeAckRow } from '../../read/acks.js';
import { notInForceRows } from '../../read/enforcement.js';
import type { AgentRow } from '../../read/agents.js';
import { agents } from '../../read/agents.js';
import { policyProgresses } from '../acks/asked-policy.client.js';
import type { ProgressOf, ProgressParts } from '../acks/asked-policy.client.js';
import { legacyMode } from './legacy-mode.js';
import type { Listening } from '../acks/listening-since.js';

/** What is shown beside the workloads themselves, read once per request. */
export interface Surroundings {
  readonly labels: ReadonlyMap<string, KnownLabel>;
  /** By `cluster/node`. */
  readonly agents: ReadonlyMap<string, AgentRow>;
  readonly acks: ReadonlyMap<string, NodeAckRow>;
  /** Nodes that are not in force, by `cluster/node`. */
  readonly notInForce: ReadonlyMap<string, NotInForceRow>;
  readonly clusterNames: ReadonlyMap<string, string>;
  readonly progressOf: ProgressOf;
  readonly hearing: Hearing;
  readonly silence: Silence;
}

export interface SurroundingParts extends ProgressParts {
  readonly store: EventStore;
  readonly listening: Listening;
  readonly silence: Silence;
}

export async function surroundings(parts: SurroundingParts): Promise<Surroundings> {
  const { store, listening, silence } = parts;
  const clusters = await containerClusters.live(store.entities);
  return {
    labels: await labelled.all(store.entities, 'label'),
    agents: new Map((await agents(store.entities)).map((agent) => [`${agent.cluster}/${agent.node}`, agent])),
    acks: await nodeAcks(store.entities),
    notInForce: new Map(
      (await notInForceRows(store.entities)).flatMap((row) =>
        row.id === row.node ? [[`${row.cluster}/${row.node}`, row]] : [],
      ),
    ),
    clusterNames: new Map(clusters.map((cluster) => [cluster.id, cluster.body.name])),
    hearing: listening.hearing(),
    silence,
    // Last: what is asked is asked for after everything else was read.
    progressOf: await policyProgresses(parts),
  };
}

export function labelReferences(
  ids: readonly string[],
  labels: ReadonlyMap<string, KnownLabel>,
): Record<string, unknown>[] {
  return ids.map((id) => {
    const label = labels.get(id);
    return { href: orgHref(`labels/${id}`), key: label?.key ?? '', value: label?.value ?? '' };
  });
}

const placeOf = ({ cluster, node }: Workload): string => `${cluster}/${node}`;

export function isOnline(workload: Workload, around: Surroundings): boolean {
  if (!workload.managed) return workload.online;
  const agent = around.agents.get(placeOf(workload));
  return (
    agent !== undefined &&
    agent.status === 'active' &&
    !isSilent(agent.lastHeartbeat, around.hearing, around.silence.agentOfflineMs)
  );
}

/** A node reports addresses, not interfaces: each address is shown as one. */
export function interfacesOf(workload: Workload): WorkloadInterface[] {
  if (!workload.managed) return [...workload.interfaces];
  return workload.addresses.map((address, index) => ({ name: `addr${index}`, address, link_state: 'up' }));
}

export function showInterface(workload: Workload, each: WorkloadInterface): Record<string, unknown> {
  return {
    href: orgHref(`workloads/${workload.id}/interfaces/${each.name}`),
    name: each.name,
    address: each.address ?? null,
    link_state: each.link_state ?? 'unknown',
    cidr_block: each.cidr_block ?? null,
    default_gateway_address: each.default_gateway_address || null,
    friendly_name: each.friendly_name ?? null,
    loopback: each.loopback ?? false,
  };
}

const ABOUT_DEFAULTS = {
  service_principal_name: null,
  distinguished_name: null,
  service_provider: null,
  data_center: null,
  data_center_zone: null,
  os_id: null,
  os_detail: null,
  ignored_interface_names: [],
};

export function showWorkload(found: Document<Workload>, around: Surroundings): Record<string, unknown> {
  const workload = found.body;
  return {
    href: orgHref(`workloads/${workload.id}`),
    deleted: found.deletedAt !== null,
    name: workload.name || null,
    description: workload.description || null,
    hostname: workload.hostname || null,
    managed: workload.managed,
    online: isOnline(workload, around),
    public_ip: workload.publicIp,
    ...ABOUT_DEFAULTS,
    ...workload.about,
    labels: labelReferences(workload.labels, around.labels),
    enforcement_mode: workload.mode,
    visibility_level: workload.visibilityLevel,
    interfaces: interfacesOf(workload).map((each) => showInterface(workload, each)),
    services: { uptime_seconds: null, created_at: null, open_service_ports: [] },
    agent: agentView(workload, around),
    ...(workload.managed && managedView(workload, around)),
    ...(workload.managed && { ringfence_admin_ports: workload.adminPorts ?? null }),
    external_data_set: workload.externalDataSet,
    external_data_reference: workload.externalDataReference,
    caps: ['write'],
    ...metaOf(found),
  };
}

function agentView(workload: Workload, around: Surroundings): Record<string, unknown> {
  const config = {
    mode: legacyMode(workload.mode),
    log_traffic: false,
    visibility_level: workload.visibilityLevel,
    security_policy_update_mode: 'adaptive',
  };
  if (!workload.managed) return { config };
  const agent = around.agents.get(placeOf(workload));
  const ack = around.acks.get(placeOf(workload));
  const laggard = around.notInForce.get(placeOf(workload));
  const isNewest = around.progressOf(workload.cluster ?? '').isNewestOn(workload.node ?? '');
  const status = { ...heard(agent), ...applied(agent, ack, laggard, isNewest) };
  return { config, type: 'Host', ...hostOf(agent), status };
}

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
  if (agent === undefined)
    return { status: 'stopped', uid: null, agent_version: null, last_heartbeat_on: null };
  return {
    status: agent.status,
    uid: agent.machineId,
    agent_version: agent.version,
    last_heartbeat_on: agent.lastHeartbeat.toISOString(),
    agent_health: [],
    agent_health_errors: { errors: agent.errors.map((error) => error.token), warnings: [] },
  };
}

const applied = (
  agent: AgentRow | undefined,
  ack: NodeAckRow | undefined,
  laggard: NotInForceRow | undefined,
  isNewest: boolean,
): Record<string, unknown> => ({
  security_policy_sync_state: laggard === undefined && isNewest ? syncState(agent, ack) : 'syncing',
  security_policy_applied_at: ack?.ackedAt.toISOString() ?? null,
});

function managedView(workload: Workload, around: Surroundings): Record<string, unknown> {
  const ven = { href: orgHref(`vens/${workload.id}`), hostname: workload.hostname, name: workload.name };
  const status = around.agents.get(placeOf(workload))?.status ?? 'stopped';
  const ack = around.acks.get(placeOf(workload));
  return {
    ringfence_enforcement: hostEnforcement(workload, around),
    ven: { ...ven, status, ven_type: 'containerized' },
    container_cluster: clusterReference(workload.cluster, around),
    ringfence_policy_revision: ack?.revision ?? null,
    ringfence_policy_version: ack?.policyVersion ?? null,
  };
}

/** Of the node's own table. */
function hostEnforcement(workload: Workload, around: Surroundings): EnforcementView {
  const { acks, notInForce, progressOf } = around;
  const ack = acks.get(placeOf(workload));
  const laggard = notInForce.get(placeOf(workload));
  const isInForce = ack !== undefined && laggard === undefined;
  const progress = progressOf(workload.cluster ?? '');
  const versions = versionsOf(progress, [workload.node ?? ''], ack?.policyVersion ?? null);
  return enforcementView(
    { asked: workload.mode, places: 1, in_force: isInForce ? 1 : 0, ...versions },
    laggard === undefined ? [] : [laggard],
  );
}

export function versionsOf(
  { view, isNewestOn }: PolicyProgress,
  nodes: readonly string[],
  inForce: number | null,
): Pick<EnforcementView, 'asked_version' | 'in_force_version' | 'is_newest'> {
  return {
    asked_version: view.asked_version,
    in_force_version: inForce,
    is_newest: view.is_newest || (nodes.length > 0 && nodes.every((node) => isNewestOn(node))),
  };
}

const syncState = (agent: AgentRow | undefined, ack: NodeAckRow | undefined): 'syncing' | 'applied' =>
  ack !== undefined && ack.revision >= (agent?.revision ?? 0) ? 'applied' : 'syncing';

export function clusterReference(
  cluster: string | null,
  around: Surroundings,
): Record<string, unknown> | null {
  if (cluster === null) return null;
  return { href: orgHref(`container_clusters/${cluster}`), name: around.clusterNames.get(cluster) ?? '' };
}

export function showVen(found: Document<Workload>, around: Surroundings): Record<string, unknown> {
  const workload = found.body;
  return {
    href: orgHref(`vens/${workload.id}`),
    name: workload.name,
    description: workload.description || null,
    hostname: workload.hostname,
    os_id: null,
    os_detail: null,
    os_platform: 'linux',
    activation_type: 'pairing_key',
    active_pce_fqdn: null,
    target_pce_fqdn: null,
    ven_type: 'containerized',
    ...venFacts(around.agents.get(placeOf(workload))),
    labels: labelReferences(workload.labels, around.labels),
    interfaces: interfacesOf(workload).map((each) => showInterface(workload, each)),
    workloads: [
      {
        href: orgHref(`workloads/${workload.id}`),
        name: workload.name,
        hostname: workload.hostname,
        managed: true,
        online: isOnline(workload, around),
        enforcement_mode: workload.mode,
        visibility_level: workload.visibilityLevel,
        labels: labelReferences(workload.labels, around.labels),
      },
    ],
    container_cluster: clusterReference(workload.cluster, around),
    conditions: [],
    unpair_allowed: false,
    caps: [],
    ...metaOf(found),
  };
}

function venFacts(agent: AgentRow | undefined): Record<string, unknown> {
  if (agent === undefined) {
    return { uid: null, version: '', status: 'stopped', last_heartbeat_at: null, last_goodbye_at: null };
  }
  return {
    uid: agent.machineId,
    version: agent.version,
    status: agent.status,
    last_heartbeat_at: agent.lastHeartbeat.toISOString(),
    last_goodbye_at: agent.lastGoodbye?.toISOString() ?? null,
    ringfence_pods: agent.pods,
    ringfence_pods_enforced: agent.podsEnforced,
    ringfence_errors: agent.errors,
  };
}
