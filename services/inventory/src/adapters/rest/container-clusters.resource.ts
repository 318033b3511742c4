/** `container_clusters`: created with a token that is shown once; their status is read off what was last heard. */
import { entitiesIn } from '@ringfence/event-store';
import type { Document, EventStore, OneAtATime } from '@ringfence/event-store';
import {
  defined,
  execute,
  flag,
  metaOf,
  notFound,
  orgHref,
  page,
  parsed,
  partial,
  refusal,
} from '@ringfence/resources';
import type { Operations } from '@ringfence/resources';
import { randomUUID } from 'node:crypto';
import { ContainerClusterCreate, ContainerClusterUpdate } from '@ringfence/contracts';
import type {
  ContainerClusterEnforcement,
  PolicyProgressView,
  ResourceRequest,
  ResourceResponse,
} from '@ringfence/contracts';
import { clusterHealth, isSilent } from '../../domain/cluster-status.calculator.js';
import type { ClusterStanding, Silence } from '../../domain/cluster-status.calculator.js';
import type { ContainerCluster } from '../../domain/container-cluster.decider.js';
import { containerClusterDecider, networkTypeOf } from '../../domain/container-cluster.decider.js';
import { isRejection } from '@ringfence/decider';
import { containerClusters } from '../../read/inventory-documents.js';
import type { AgentRow, ClusterSeen } from '../../read/agents.js';
import { agents, clustersSeen } from '../../read/agents.js';
import { suspensions } from '../../read/suspensions.js';
import type { Suspension } from '../../read/suspensions.js';
import { policyProgresses } from '../acks/asked-policy.client.js';
import type { ProgressOf, ProgressParts } from '../acks/asked-policy.client.js';
import { clusterStandings } from '../acks/cluster-standings.js';
import { addToken, ClusterTokenEntity } from '../admission/cluster-tokens.store.js';
import { streamOf } from '../stream-names.js';
import type { Listening } from '../acks/listening-since.js';
import { forgetCluster } from '../facts/observations.consumer.js';
import type { ObservedNode } from '../facts/observed.store.js';
import { liveNodes } from '../facts/observed.store.js';
import { newClusterToken } from '../admission/secret.js';
import type { ClusterAccounts } from '../admission/cluster-accounts.client.js';

export interface ClusterParts extends ProgressParts {
  readonly oneAtATime: OneAtATime;
  readonly listening: Listening;
  readonly silence: Silence;
  readonly accounts: ClusterAccounts;
}
interface Heard {
  readonly seen: Map<string, ClusterSeen>;
  readonly nodes: readonly (ObservedNode & { readonly cluster: string })[];
  readonly standings: ReadonlyMap<string, ClusterStanding>;
  readonly progressOf: ProgressOf;
  readonly suspensions: ReadonlyMap<string, Suspension>;
}

export function containerClusterOperations(parts: ClusterParts): Operations {
  const { store, oneAtATime } = parts;
  return {
    list: async ({ query }) => {
      const all = await containerClusters.live(store.entities);
      const heard = await heardOf(parts);
      const filters = { name: partial(nameOf), clas_mode: flag<Document<ContainerCluster>>(() => true) };
      const { matched, shown } = page(all, query, filters);
      return {
        body: shown.map((each) => show(parts, each, heard)),
        total: all.length,
        matched: matched.length,
      };
    },
    get: async ({ ids }) => ({ body: await shownNow(parts, await one(store, ids[0])) }),
    create: async (request) => {
      const { id, token } = await oneAtATime(() => create(parts, request));
      const shown = await shownNow(parts, await one(store, id));
      return { body: { ...shown, container_cluster_token: token } };
    },
    update: (request) => oneAtATime(() => update(store, request)),
    delete: (request) =>
      oneAtATime(async () => {
        const found = await one(store, request.ids[0]);
        await remove(parts, request, found);
        await parts.accounts.remove(found.id);
        return {};
      }),
  };
}

/** With CLAS a Service is a Kubernetes workload: no virtual service stands for one, and nothing is behind it. */
export const serviceBackendOperations = (store: EventStore): Operations => ({
  list: async ({ ids }) => {
    await one(store, ids[0]);
    return { body: [], total: 0 };
  },
});

const nameOf = (each: Document<ContainerCluster>): string => each.body.name;

async function one(store: EventStore, id: string | undefined): Promise<Document<ContainerCluster>> {
  const found = id === undefined ? null : await containerClusters.get(store.entities, id);
  if (found === null || found.deletedAt !== null) throw notFound('container cluster');
  return found;
}

async function shownNow(
  parts: ClusterParts,
  found: Document<ContainerCluster>,
): Promise<Record<string, unknown>> {
  return show(parts, found, await heardOf(parts, found.id));
}

const heardOf = async (parts: ClusterParts, cluster?: string): Promise<Heard> => ({
  seen: await clustersSeen(parts.store.entities),
  nodes: await liveNodes(parts.store.entities, cluster),
  standings: await clusterStandings(parts.store),
  progressOf: await policyProgresses(parts),
  suspensions: await suspensions(parts.store.entities),
});

async function update(store: EventStore, request: ResourceRequest): Promise<ResourceResponse> {
  const found = await one(store, request.ids[0]);
  const body = parsed(ContainerClusterUpdate, request.body);
  const change = defined({
    name: body.name,
    description: body.description,
    datacenterNat1to1: body.datacenter_nat_1to1,
    networkType: body.network_type ?? undefined,
  });
  const nameTaken = await isNameTaken(store, body.name ?? found.body.name, found.id);
  const addressee = { stream: streamOf.cluster(found.id), actor: request.actor, cluster: found.id };
  await execute(store, containerClusterDecider, addressee, { type: 'change', change, nameTaken });
  return {};
}

async function create(
  { store }: ClusterParts,
  request: ResourceRequest,
): Promise<{ id: string; token: string }> {
  const body = parsed(ContainerClusterCreate, request.body);
  const cluster = {
    id: randomUUID(),
    name: body.name,
    description: body.description ?? '',
    datacenterNat1to1: body.datacenter_nat_1to1 ?? false,
    networkType: body.network_type ?? ('overlay' as const),
  };
  const token = newClusterToken();
  const nameTaken = await isNameTaken(store, cluster.name, cluster.id);
  // First the hash: a crash before the event leaves a token of a cluster that does not exist, which opens nothing.
  await addToken(store.entities, cluster.id, token);
  const addressee = { stream: streamOf.cluster(cluster.id), actor: request.actor, cluster: cluster.id };
  await execute(store, containerClusterDecider, addressee, { type: 'create', cluster, nameTaken });
  return { id: cluster.id, token };
}

/** What was observed of the cluster ends in the transaction that ends the cluster, and before it on the stream. */
async function remove(
  parts: ClusterParts,
  { actor }: ResourceRequest,
  found: Document<ContainerCluster>,
): Promise<void> {
  const connectedAgents = (await connected(parts, found.id)).map((agent) => agent.node);
  const decision = containerClusterDecider.decide(
    { cluster: found.body },
    { type: 'delete', connectedAgents },
  );
  if (isRejection(decision)) throw refusal(decision);
  const meta = { actor, cluster: found.id };
  await parts.store.transaction(async (tx) => {
    const ends = await forgetCluster(tx, found.id);
    await parts.store.appendIn(
      tx,
      [...ends, { stream: streamOf.cluster(found.id), expectedVersion: 'any', events: decision }],
      meta,
    );
    await entitiesIn(tx).delete(ClusterTokenEntity, found.id);
  });
}

async function connected({ store, listening, silence }: ClusterParts, cluster: string): Promise<AgentRow[]> {
  const all = await agents(store.entities);
  return all.filter(
    (agent) =>
      agent.cluster === cluster &&
      agent.status === 'active' &&
      !isSilent(agent.heardAt, listening.hearing(), silence.agentOfflineMs),
  );
}

async function isNameTaken(store: EventStore, name: string, besides: string): Promise<boolean> {
  return (await containerClusters.live(store.entities)).some(
    (each) => each.body.name === name && each.id !== besides,
  );
}

function show(
  { listening, silence }: ClusterParts,
  found: Document<ContainerCluster>,
  heard: Heard,
): Record<string, unknown> {
  const seen = heard.seen.get(found.id);
  const nodes = heard.nodes.filter((node) => node.cluster === found.id);
  const pulse = heard.standings.get(found.id) ?? null;
  const { view: progress } = heard.progressOf(found.id);
  const { inSync = false, lacks = [] } = seen ?? {};
  const suspension = heard.suspensions.get(found.id) ?? null;
  const kubelink = { lastHeartbeat: seen?.lastSeen ?? null, inSync, lacks };
  const facts = { ...kubelink, nodes, pulse, progress, suspension };
  const health = clusterHealth(facts, listening.hearing(), silence);
  return {
    href: orgHref(`container_clusters/${found.id}`),
    name: found.body.name,
    description: found.body.description,
    cluster_mode: 'clas',
    container_runtime: nodes[0]?.containerRuntime ?? null,
    ...showKubelink(seen),
    online: health.online,
    nodes: nodes.map((node) => ({
      name: node.name,
      machine_id: node.machineId,
      pod_subnet: node.podCidrs[0] ?? null,
    })),
    errors: health.duplicates.map(({ machineId, nodes: names }) => ({
      error_type: 'duplicate_machine_ids',
      duplicate_ids: [machineId],
      message: `nodes ${names.join(', ')} have the same machine-id and are not paired`,
    })),
    pce_fqdn: null,
    network_type: networkTypeOf(found.body),
    datacenter_nat_1to1: found.body.datacenterNat1to1,
    ringfence_status: health.status,
    ringfence_status_message: health.message,
    ringfence_lacks: lacks,
    ringfence_enforcement: showStanding(pulse, progress),
    caps: ['write'],
    ...metaOf(found),
  };
}

const NOTHING_SAID: Omit<ClusterStanding, 'heardAt' | 'missing'> = {
  ...{ places: 0, notInForce: 0, reasons: [], refusedPolicies: null },
};

function showStanding(
  standing: ClusterStanding | null,
  policy: PolicyProgressView,
): ContainerClusterEnforcement {
  const { places, notInForce, reasons, refusedPolicies } = standing ?? NOTHING_SAID;
  const times = reasons.map(({ since }) => since.getTime());
  return {
    ...{ places, not_in_force: notInForce },
    since: times.length === 0 ? null : new Date(Math.min(...times)).toISOString(),
    last_heard: standing?.heardAt.toISOString() ?? null,
    policy,
    reasons: reasons.map(({ since, ...reason }) => ({ ...reason, since: since.toISOString() })),
    refused_network_policies: refusedPolicies,
  };
}

function showKubelink(seen: ClusterSeen | undefined): Record<string, unknown> {
  if (seen === undefined) return { manager_type: null, kubelink_version: null, last_connected: null };
  return {
    manager_type: `Kubernetes ${seen.kubernetesVersion}`,
    kubelink_version: seen.kubelinkVersion,
    last_connected: seen.lastSeen.toISOString(),
  };
}
