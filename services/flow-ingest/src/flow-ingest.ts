/**
 * Puts flow-ingest together, without a framework: the stores, the answers to calls, the handlers of messages. The module
 * gives them to Nest's transports.
 *
 *   flow.<cluster>.* ──▶ flow-batches.consumer ──▶ FlowStore (store/port, store/postgres)
 *                            └──keys──▶ recent-flows ──by keys──▶ │
 *   evt.* ──▶ names.projection ──▶ names ──▶ found-flows ──search──▶ │
 *   cmd.flow-ingest.resource ──▶ flows.resource ──▶ query-runner ──▶ found-flows
 *                            ├──▶ flow-uploads.resource ──▶ uploaded-flows (store/postgres), searched by found-flows
 *                            └──▶ traffic-collector.resource ──▶ what flow-batches.consumer leaves out
 *   cmd.flow-ingest.{ends-seen,flow-kinds} ──▶ stored-flows ──added up──▶ FlowStore
 */
import { randomUUID } from 'node:crypto';
import { eventOf } from '@ringfence/bus';
import type { Bus, Message } from '@ringfence/bus';
import type { ResourceRequest, ResourceResponse } from '@ringfence/contracts';
import type { EventStore, OwnTurn } from '@ringfence/event-store';
import { allPass, hearing, resourceAnswerer, seeingOwnWrites, tellingChanges } from '@ringfence/resources';
import type { HostContext } from '@ringfence/service-host';
import { flowBatchesHandler } from './adapters/flow-batches.consumer.js';
import { flowUploadOperations } from './adapters/flow-uploads.resource.js';
import { flowOperations } from './adapters/flows.resource.js';
import { queryRunner } from './adapters/query-runner.js';
import { recentFlows } from './adapters/recent-flows.js';
import type { Config } from './config.js';
import { NAMES } from './manifest.js';
import { storedFlows } from './adapters/stored-flows.js';
import type { StoredFlows } from './adapters/stored-flows.js';
import { trafficCollectorOperations } from './adapters/traffic-collector.resource.js';
import { flowQueries } from './read/flow-queries.store.js';
import { clusterIds, readNames, rememberName } from './read/names.projection.js';
import { trafficCollector } from './read/traffic-collector.store.js';
import type { FlowStore } from './store/port/flow-store.js';
import { uploadedFlows } from './store/postgres/uploaded-flows.js';
import type { UploadedFlows } from './store/port/uploaded-flows.js';
import { postgresFlowStore } from './store/postgres/postgres-flow-store.js';

const PRUNE_EVERY_MS = 3_600_000;

export interface FlowIngest {
  resource(request: ResourceRequest): Promise<ResourceResponse>;
  /** For whoever judges all that is stored. */
  readonly stored: StoredFlows;
  /** Whose flows are read: all that were ever heard of. */
  clusters(): Promise<string[]>;
  batchesArrived(messages: readonly Message[]): Promise<void>;
  /** What other services said of names, in the order of their stream. */
  named(message: Message): Promise<void>;
  close(): Promise<void>;
}

/** In this process's turn: flows that follow along and queries that run are in memory. */
export interface FlowIngestOptions
  extends Pick<HostContext<Config>, 'config' | 'logger' | 'metrics'>, Pick<OwnTurn, 'oneAtATime'> {
  readonly bus: Bus;
  readonly database: EventStore;
}

export function openFlowIngest(options: FlowIngestOptions): FlowIngest {
  const { bus, config, database, logger, metrics, oneAtATime } = options;
  const retentionDays = config.RINGFENCE_FLOW_RETENTION_DAYS;
  const onError = (error: unknown): void => logger.error({ err: error }, 'flow-ingest failed at something');
  const store = postgresFlowStore(database.pool, retentionDays);
  const uploads = uploadedFlows(database.pool, retentionDays);
  const names = { readNames: () => readNames(database.entities) };
  const queries = flowQueries(database.entities);
  const recent = recentFlows({ store, ...names, epoch: randomUUID() });
  const runner = queryRunner({ store, uploads, queries, ...names, onError });
  queries.failInterrupted().catch(onError);
  const collector = trafficCollector(database.entities);
  const batchesArrived = flowBatchesHandler({ store, recent, collector }, metrics);
  const pruning = pruneRegularly({ store, uploads }, options, onError);
  const collections = resourceAnswerer({
    ...flowOperations({ store, queries, runner, recent, ...names, retentionDays }),
    'agents/bulk_traffic_flows': flowUploadOperations(uploads, metrics),
    'settings/traffic_collector': trafficCollectorOperations(collector),
  });
  const untilHeard = hearing({
    ...{ bus, owners: { inventory: [], 'label-resolver': [], 'policy-compute': [] } },
    hasPassed: allPass(bus, [NAMES]),
  });
  return {
    resource: seeingOwnWrites(untilHeard, tellingChanges(collections)),
    stored: storedFlows({ store, ...names }),
    clusters: () => clusterIds(database.entities),
    batchesArrived: (messages) => oneAtATime(() => batchesArrived(messages)),
    named: (message) => oneAtATime(() => remember(database, message)),
    close: async () => {
      clearInterval(pruning);
      await runner.close();
    },
  };
}

async function remember(database: EventStore, message: Message): Promise<void> {
  const event = eventOf(message);
  await database.transaction((tx) => rememberName(tx, event));
}

function pruneRegularly(
  { store, uploads }: { readonly store: FlowStore; readonly uploads: UploadedFlows },
  { logger }: FlowIngestOptions,
  onError: (error: unknown) => void,
): NodeJS.Timeout {
  const prune = (): void => {
    const today = new Date().toISOString().slice(0, 10);
    uploads.prune(today).catch(onError);
    store.prune(today).then((days) => {
      if (days > 0) logger.info({ days }, 'dropped days of flows beyond the retention');
    }, onError);
  };
  return setInterval(prune, PRUNE_EVERY_MS);
}
