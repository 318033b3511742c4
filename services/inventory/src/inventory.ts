/**
 * Puts inventory together, without a framework: the store, the answers to calls, the handlers of messages. The module
 * gives them to Nest's transports.
 *
 *   obs.*, agent.* ─▶ observations, agents ─▶ store (facts, events) ─▶ relay ─▶ evt.<cluster>.{namespace,workload,…}
 *   evt.*.{label,profile,entity}, ack.* ─▶ what REST shows
 *   cmd.inventory.* ─▶ REST collections, edge admission
 */
import { beforeServing, noMetrics } from '@ringfence/bus';
import type { BeyondShare, Bus, BusMetrics, Message } from '@ringfence/bus';
import type { CALLS, ResourceRequest, ResourceResponse } from '@ringfence/contracts';
import { neverTwice, startRelay } from '@ringfence/event-store';
import type { EventStore, OwnTurn, Relay } from '@ringfence/event-store';
import {
  allPass,
  hearing,
  notFound,
  resourceAnswerer,
  saying,
  seeingOwnWrites,
  tellingChanges,
} from '@ringfence/resources';
import type { Operations } from '@ringfence/resources';
import type { Logger } from 'pino';
import type { z } from 'zod';
import { acksConsumer } from './adapters/acks/acks.consumer.js';
import { agentsConsumer } from './adapters/facts/agents.consumer.js';
import { askPolicy } from './adapters/acks/asked-policy.client.js';
import { beyondShare } from './adapters/admission/beyond-share.js';
import { clusterAccounts } from './adapters/admission/cluster-accounts.client.js';
import type { AccountSettings } from './adapters/admission/cluster-accounts.client.js';
import { alarmsAt } from './adapters/acks/alarms-at.js';
import type { NamedStanding } from './adapters/acks/cluster-standings.js';
import { namedStandings } from './adapters/acks/cluster-standings.js';
import {
  containerClusterOperations,
  serviceBackendOperations,
} from './adapters/rest/container-clusters.resource.js';
import type { ClusterParts } from './adapters/rest/container-clusters.resource.js';
import { edgeAdmission } from './adapters/admission/edge-admission.js';
import { keepServerMemory } from './adapters/admission/server-memory.js';
import type { EdgeAdmission } from './adapters/admission/edge-admission.js';
import { watchEnforcement } from './adapters/acks/enforcement-watch.js';
import type { WatchParts } from './adapters/acks/enforcement-watch.js';
import { interfaceOperations } from './adapters/rest/interfaces.resource.js';
import { kubernetesWorkloadOperations } from './adapters/rest/kubernetes-workloads.resource.js';
import { labelledConsumer } from './adapters/facts/labelled.consumer.js';
import { labelKeys, labelOwner } from './adapters/rest/labels.client.js';
import { listening } from './adapters/acks/listening-since.js';
import { watchLostHosts } from './adapters/facts/lost-hosts.js';
import type { Looking } from './adapters/looking.js';
import { watchOutside } from './adapters/facts/outside-watch.js';
import { observationsConsumer } from './adapters/facts/observations.consumer.js';
import { ensureDefaultProfile, pairingProfileOperations } from './adapters/rest/pairing-profiles.resource.js';
import { reaches } from './adapters/rest/reach.client.js';
import { networkOperations } from './adapters/rest/networks.resource.js';
import { SupportReports } from './adapters/rest/support-reports.resource.js';
import { agentOperations, venOperations } from './adapters/rest/vens.resource.js';
import { workloadSettingsOperations } from './adapters/rest/workload-settings.resource.js';
import { workloadOperations } from './adapters/rest/workloads.resource.js';
import type { WorkloadParts } from './adapters/rest/workloads.resource.js';
import type { Config } from './config.js';
import type { Silence } from './domain/cluster-status.calculator.js';
import { ENTITIES, LABELS, manifest, PROFILES } from './manifest.js';
import { containerClusters } from './read/inventory-documents.js';
import { labelled } from './read/labelled.js';
import { suspensionOf } from './read/suspensions.js';

export interface Inventory extends EdgeAdmission {
  readonly store: EventStore;
  resource(request: ResourceRequest): Promise<ResourceResponse>;
  observed(messages: readonly Message[]): Promise<void>;
  agentsSaid(messages: readonly Message[]): Promise<void>;
  acknowledged(messages: readonly Message[]): Promise<void>;
  /** That exist. */
  clusters(): Promise<string[]>;
  /** Some reader dropped again and again what a cluster said. */
  beyondShare(abuse: BeyondShare): Promise<Record<string, never>>;
  /** What label-resolver said. */
  labelled(messages: readonly Message[]): Promise<void>;
  standing(): Promise<z.output<(typeof CALLS)['standing']['response']>>;
  /** When it is on the stream. */
  alarmsAt(asked: z.output<(typeof CALLS)['alarmsAt']['request']>): ReturnType<typeof alarmsAt>;
  said: ReturnType<typeof saying>;
  /** Says again what others mirror. */
  resync: Relay['resync'];
  /** In words what its database lacks of what it once said; null: nothing. */
  readonly behind: string | null;
  relayLag(): number;
  close(): Promise<void>;
}

/** In this process's turn. */
export interface InventoryOptions extends Pick<OwnTurn, 'oneAtATime'> {
  readonly config: Config;
  readonly store: EventStore;
  readonly bus: Bus;
  readonly logger: Logger;
  /** Absent: nothing is measured. */
  readonly metrics?: BusMetrics;
  readonly signal?: AbortSignal;
}

export async function openInventory(options: InventoryOptions): Promise<Inventory> {
  const { store, bus, logger, oneAtATime } = options;
  const behind = await beforeServing(options, () => neverTwice(store, bus, manifest));
  await beforeServing(options, async () => {
    await ensureDefaultProfile(store);
    await labelled.prune(store.entities);
  });
  const relay = startRelay(store, bus, {
    onError: (error) => logger.warn({ err: error }, 'relay'),
  });
  const ears = listening(() => bus.isConnected());
  const reports = new SupportReports({ store, bus, logger, oneAtATime });
  const parts = { ...partsOf(options), oneAtATime, listening: ears, reports };
  const untilHeard = hearing({
    ...{ bus, owners: { 'label-resolver': [] } },
    hasPassed: allPass(bus, [ENTITIES, LABELS, PROFILES]),
  });
  const watch = watchAlarms(parts);
  const onError = (what: string) => (error: unknown) =>
    logger.warn({ err: error }, `${what} could not be looked at`);
  const lost = watchLostHosts({ ...parts, onError: onError('silent hosts') });
  const outside = watchOutside({ ...parts, onError: onError('how clusters see each other') });
  const memory = keepServerMemory({ ...parts, bus });
  return {
    store,
    resource: seeingOwnWrites(
      untilHeard,
      tellingChanges(resourceAnswerer(collections(parts), isJudged), store),
    ),
    said: saying(store, relay, untilHeard),
    ...edgeAdmission(parts),
    observed: observationsConsumer(parts),
    agentsSaid: agentsConsumer(parts),
    acknowledged: acksConsumer(parts),
    clusters: async () => (await containerClusters.live(store.entities)).map(({ id }) => id),
    beyondShare: beyondShare(parts),
    labelled: labelledConsumer(store),
    standing: async () => ({ clusters: (await namedStandings(parts)).map(showNamed) }),
    alarmsAt: (asked) => alarmsAt(store, asked),
    resync: relay.resync,
    behind,
    relayLag: relay.lag,
    close: async () => {
      await Promise.all([watch, lost, outside, memory, reports].map((each) => each.close()));
      ears.close();
      await relay.close();
    },
  };
}

const partsOf = ({ config, store, bus, logger, metrics = noMetrics }: InventoryOptions) => ({
  store,
  silence: silenceOf(config),
  suspendedForMs: config.RINGFENCE_SUSPENSION_SECONDS * 1_000,
  accounts: clusterAccounts(bus, accountSettings(config, store)),
  labelKeysOf: labelKeys(store, bus),
  labelOwner: labelOwner(bus),
  reachOf: reaches(bus),
  askPolicy: askPolicy(bus),
  logger,
  metrics,
});

const watchAlarms = (
  parts: Omit<WatchParts, 'gauge' | 'onError'> & { readonly logger: Logger; readonly metrics: BusMetrics },
): Looking =>
  watchEnforcement({
    ...parts,
    gauge: parts.metrics.gauge(
      'inventory_places_not_in_force',
      'Pods of managed namespaces and paired nodes whose kernel does not have what policy asks, by cluster and reason',
    ),
    onError: (error) => parts.logger.warn({ err: error }, 'what is not in force could not be looked at'),
  });

const showNamed = ({ id, name, health, standing, progress }: NamedStanding) => ({
  ...{ id, name, status: health.status, message: health.message },
  notInForce: standing?.notInForce ?? 0,
  policy: progress,
  ...(standing?.refusedPolicies && { refusedNetworkPolicies: standing.refusedPolicies.count }),
});

/** Changes that are told by labels whether they are for somebody's roles. */
const isJudged = ({ collection, op }: ResourceRequest): boolean =>
  ['workloads', 'workloads/interfaces', 'pairing_profiles', 'vens', 'agents'].includes(collection) &&
  !['list', 'get', 'statistics', 'compatibility_report'].includes(op);

interface ReportParts {
  readonly reports: SupportReports;
}

const collections = (
  parts: WorkloadParts & ClusterParts & ReportParts,
): Readonly<Record<string, Operations>> => ({
  container_clusters: containerClusterOperations(parts),
  'container_clusters/service_backends': serviceBackendOperations(parts.store),
  pairing_profiles: pairingProfileOperations(parts),
  workloads: workloadOperations(parts),
  'workloads/interfaces': interfaceOperations(parts),
  kubernetes_workloads: kubernetesWorkloadOperations(parts),
  // Those of Pods, of clusters without CLAS: there are none.
  container_workloads: {
    list: async () => ({ body: [], total: 0 }),
    get: async () => {
      throw notFound('container workload');
    },
  },
  networks: networkOperations(parts.store),
  vens: venOperations(parts),
  agents: agentOperations(parts),
  'settings/workloads': workloadSettingsOperations(parts),
  support_report_requests: parts.reports.requests,
  support_reports: parts.reports.reports,
});

const silenceOf = (config: Config): Silence => ({
  clusterOutOfSyncMs: config.RINGFENCE_CLUSTER_SILENCE_SECONDS * 1_000,
  agentOfflineMs: config.RINGFENCE_AGENT_SILENCE_SECONDS * 1_000,
  pulseMs: config.RINGFENCE_PULSE_SILENCE_SECONDS * 1_000,
});

const accountSettings = (config: Config, { entities }: EventStore): AccountSettings => ({
  natsUrl: config.NATS_URL,
  uplinkUrl: config.NATS_UPLINK_URL,
  operatorKeyPath: config.NATS_OPERATOR_KEY,
  coreAccount: config.NATS_CORE_ACCOUNT,
  systemCredsPath: config.NATS_SYSTEM_CREDS,
  uplinkSeconds: config.RINGFENCE_UPLINK_SECONDS,
  caFile: config.RINGFENCE_CA,
  revokedUpTo: async (cluster) => (await suspensionOf(entities, cluster))?.at,
});
