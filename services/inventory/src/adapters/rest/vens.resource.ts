/** `vens` and `agents`: what paired nodes' agents are, and what can be done with them: unpair them, or let a machine prove itself anew. */
import {
  AgentReassign,
  AgentUpdate,
  VenAuthenticationRecovery,
  VenRemoteAction,
  VenStatistics,
  VensUnpair,
  VensUpgrade,
  VenUpdate,
} from '@ringfence/contracts';
import type { Reference, ResourceRequest, ResourceResponse } from '@ringfence/contracts';
import { CallError } from '@ringfence/bus';
import type { Document } from '@ringfence/event-store';
import {
  bulkRefusals,
  byHrefs,
  byLabels,
  byTime,
  byWord,
  defined,
  eachAccepted,
  flag,
  idOfHref,
  notFound,
  only,
  page,
  parsed,
  partial,
  refusal,
  refuseFilters,
  until,
} from '@ringfence/resources';
import type { Filters, Operations } from '@ringfence/resources';
import { compatibility } from '../../domain/compatibility.js';
import { compareVersions } from '../../domain/compare-versions.js';
import { venStatistics } from '../../domain/ven-statistics.js';
import type { VenValues } from '../../domain/ven-statistics.js';
import type { Workload } from '../../domain/workload.decider.js';
import { allowRecovery } from '../../read/agents.js';
import type { AgentRow } from '../../read/agents.js';
import { workloads } from '../../read/inventory-documents.js';
import { showAgent } from './agent-view.js';
import { interfacesOf } from './interface-view.js';
import { isOnline, placeOf, surroundings } from './surroundings.js';
import type { Surroundings } from './surroundings.js';
import { fulfilTelling } from './told-changes.js';
import type { Show } from './told-changes.js';
import {
  AUTHENTICATION_RECOVERY,
  conditionsOf,
  healthOf,
  MISSED_HEARTBEATS,
  showVen,
  venStatus,
} from './ven-view.js';
import type { VenHealth } from './ven-view.js';
import { changing, fulfil, unpairing } from './workload-changes.js';
import type { Asking } from './workload-changes.js';
import type { WorkloadParts } from './workloads.resource.js';

type Ven = Document<Workload>;

export function venOperations(parts: WorkloadParts): Operations {
  return {
    list: (request) => list(parts, request),
    get: async (request) => ({
      body: showVen(await one(parts, request.ids[0]), await surroundings(parts, request)),
    }),
    update: async (request) => {
      const { ids, body } = request;
      const { id } = await one(parts, ids[0]);
      const { name, description, target_pce_fqdn: target } = parsed(VenUpdate, body);
      if (target) throw notReassigned();
      const wish = changing(id, defined({ name, description }));
      await parts.oneAtATime(async () => only(await fulfil(parts, request, [wish])));
      return {};
    },
    unpair: async (request) =>
      unpair(parts, request, parsed(VensUnpair, request.body).vens, {
        ...{ collection: 'vens', show: showVen },
      }),
    remote_action: async ({ body }) => {
      parsed(VenRemoteAction, body);
      const words = 'restart: Kubernetes restarts agents: kubectl rollout restart of their DaemonSet';
      throw CallError.of('FAILED_PRECONDITION', 'remote_action_not_supported', words);
    },
    upgrade: async ({ body }) => {
      parsed(VensUpgrade, body);
      const words =
        'release: it is that of the image in the agents’ DaemonSet: kubectl set image, or helm upgrade';
      throw CallError.of('FAILED_PRECONDITION', 'upgrade_not_supported', words);
    },
    authentication_recovery: (request) => recover(parts, request),
    statistics: (request) => statistics(parts, request),
  };
}

const notReassigned = (): CallError => {
  const words =
    'target_pce_fqdn: an agent is of its cluster; unpair the node, and install the agent of the other server there';
  return CallError.of('FAILED_PRECONDITION', 'reassignment_not_supported', words);
};

/** The older form. */
export function agentOperations(parts: WorkloadParts): Operations {
  const agent = async (id = ''): Promise<Ven> => {
    const [found] = await workloads.having(parts.store.entities, 'agent', [id]);
    if (found === undefined) throw notFound('agent');
    return found;
  };
  return {
    get: async (request) => ({
      body: showAgent(await agent(request.ids[0]), await surroundings(parts, request)),
    }),
    update: async (request) => {
      const wish = changing((await agent(request.ids[0])).id, parsed(AgentUpdate, request.body));
      await parts.oneAtATime(async () => only(await fulfil(parts, request, [wish])));
      return {};
    },
    reassign: async (request) => {
      await agent(request.ids[0]);
      parsed(AgentReassign, request.body);
      throw notReassigned();
    },
    compatibility_report: async (request) => {
      const { body } = await agent(request.ids[0]);
      const around = await surroundings(parts, request);
      const heard = around.agents.get(placeOf(body));
      const { errors = [], host = null, heardAt = null } = heard ?? {};
      const examined = { errors, cutByFull: host?.cutByFull ?? null, heardAt };
      return { body: compatibility({ ...examined, isOnline: isOnline(body, around) }) };
    },
  };
}

/** Also as `workloads` calls it. Agents that hear of it leave their nodes as they were before them. */
export async function unpair(
  parts: WorkloadParts,
  asking: Asking,
  named: readonly Reference[],
  { collection, show }: { readonly collection: string; readonly show: Show },
): Promise<ResourceResponse> {
  const wishes = eachAccepted(named, ({ href }) => unpairing(idOfHref(href, collection)));
  const { outcomes, changes } = await parts.oneAtATime(() => fulfilTelling(parts, asking, wishes, { show }));
  return { ...bulkRefusals(named, outcomes), changes };
}

async function recover(parts: WorkloadParts, { body, within }: ResourceRequest): Promise<ResourceResponse> {
  const {
    vens,
    recovery_enabled: isOn,
    recovery_duration_seconds: seconds = 3_600,
  } = parsed(VenAuthenticationRecovery, body);
  const until = isOn ? new Date(Date.now() + seconds * 1_000) : null;
  const all = new Map((await managed(parts)).map((each) => [each.id, each.body]));
  const reach = await parts.reachOf({ within });
  const found = eachAccepted(vens, ({ href }) => {
    const ven = all.get(idOfHref(href, 'vens'));
    if (ven === undefined) throw notFound('VEN');
    const refused = reach.refuse(ven.labels);
    if (refused !== null) throw refusal(refused);
    return ven;
  });
  for (const ven of found)
    if (!(ven instanceof CallError)) await allowRecovery(parts.store.entities, ven, until);
  return bulkRefusals(vens, found);
}

async function statistics(parts: WorkloadParts, request: ResourceRequest): Promise<ResourceResponse> {
  const { property_counts: asked = [] } = parsed(VenStatistics, request.body);
  const around = await surroundings(parts, request);
  const values = (await managed(parts)).map((each) => valuesOf(each, around));
  const counted = asked.map((each) => ({ property: each.property, counts: venStatistics(values, each) }));
  return { body: { property_counts: counted } };
}

const valuesOf = (ven: Ven, around: Surroundings): VenValues => ({
  status: [venStatus(ven, around)],
  version: [around.agents.get(placeOf(ven.body))?.version ?? []].flat(),
  health: [healthOf(ven, around)],
  condition: conditionsOf(ven, around).map(({ type }) => type),
  os_id: [],
  enforcement_mode: [ven.body.mode],
  ven_type: ['containerized'],
});

const managed = async ({ store }: WorkloadParts): Promise<Ven[]> =>
  (await workloads.live(store.entities)).filter((each) => each.body.managed);

async function one({ store }: WorkloadParts, id: string | undefined): Promise<Ven> {
  const found = id === undefined ? null : await workloads.get(store.entities, id);
  if (found === null || !found.body.managed) throw notFound('VEN');
  return found;
}

/** Agents do not tell the operating system of their node, and there is one control plane. */
const UNSUPPORTED = ['os', 'active_pce_fqdn'];

async function list(parts: WorkloadParts, request: ResourceRequest): Promise<ResourceResponse> {
  const { query } = request;
  refuseFilters(query, UNSUPPORTED);
  const around = await surroundings(parts, request);
  const all = await managed(parts);
  const { matched, shown } = page(all, query, filters(around));
  return { body: shown.map((each) => showVen(each, around)), total: all.length, matched: matched.length };
}

const STATUSES = ['active', 'suspended', 'stopped', 'uninstalled'];
const HEALTHS = ['healthy', 'unhealthy', 'error', 'warning'];
const ACTIVATIONS = [
  'pairing_key',
  'kerberos',
  'ca_signed_certificate',
  'self_signed_certificate',
  'certificate',
];
/** Of which only those that `conditionsOf` finds ever hold here. */
const CONDITIONS = [
  ...[MISSED_HEARTBEATS, AUTHENTICATION_RECOVERY, 'agent.clone_detected', 'agent.upgrade_time_out'],
  ...['agent.missing_heartbeats_after_upgrade', 'agent.too_many_interfaces_reported'],
];

function filters(around: Surroundings): Filters<Ven> {
  const agentOf = ({ body }: Ven): AgentRow | undefined => around.agents.get(placeOf(body));
  return {
    name: partial((each) => each.body.name),
    hostname: partial((each) => each.body.hostname),
    description: partial((each) => each.body.description),
    ip_address: (each, wanted) =>
      interfacesOf(each.body).some(({ address }) => address?.includes(wanted) ?? false),
    labels: byLabels((each) => each.body.labels),
    container_clusters: byHrefs((each) => each.body.cluster, 'container_clusters'),
    status: byWord('status', STATUSES, (each) => venStatus(each, around)),
    health: byWord('health', HEALTHS, (each) => healthWords(healthOf(each, around))),
    condition: byWord('condition', CONDITIONS, (each) => conditionsOf(each, around).map(({ type }) => type)),
    activation_type: byWord('activation_type', ACTIVATIONS, () => 'pairing_key'),
    ven_type: byWord('ven_type', ['server', 'endpoint', 'containerized'], () => 'containerized'),
    upgrade_pending: flag(() => false),
    'version[gte]': (each, wanted) => compareVersions(agentOf(each)?.version ?? '', wanted) >= 0,
    'version[lte]': (each, wanted) => compareVersions(agentOf(each)?.version ?? '', wanted) <= 0,
    disconnected_before: until('disconnected_before', (each) => agentOf(each)?.lastHeartbeat),
    ...byTime('last_heartbeat_at', (each) => agentOf(each)?.lastHeartbeat),
    ...byTime('last_goodbye_at', (each) => agentOf(each)?.lastGoodbye),
  };
}

const healthWords = (health: VenHealth): string[] =>
  health === 'healthy' ? [health] : [health, 'unhealthy'];
