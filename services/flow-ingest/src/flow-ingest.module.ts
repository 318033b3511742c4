/**
 * The wiring of flow-ingest.
 *
 *   FLOWS ──batches──▶ flow-batches.consumer ──▶ flows.store ──▶ ends, flows (a partition per day)
 *                                │                                        ▲
 *                                └──keys──▶ recent-flows                   │
 *   EVENTS ──▶ names.projection ──▶ labels, clusters, IP lists, groups ──▶ │
 *   cmd.flow-ingest.resource ──▶ flow-resource ──▶ query-runner ──(search.sql)
 */
import 'reflect-metadata';
import { randomUUID } from 'node:crypto';
import { Module } from '@nestjs/common';
import { openControlBus } from '@ringfence/bus';
import { startNestOnBus } from '@ringfence/bus/nest';
import { Envelope } from '@ringfence/contracts';
import { consumeOnce, ensureDatabase, openEventStore } from '@ringfence/event-store';
import type { EventStore } from '@ringfence/event-store';
import { nestLogger } from '@ringfence/service-host';
import type { HostContext, RunningService } from '@ringfence/service-host';
import { flowBatchesHandler } from './adapters/flow-batches.consumer.js';
import { flowResource } from './adapters/flow-resource.js';
import type { FlowResource } from './adapters/flow-resource.js';
import { FLOW_RESOURCE, FlowResourceController } from './adapters/flow-resource.controller.js';
import { queryRunner } from './adapters/query-runner.js';
import { recentFlows } from './adapters/recent-flows.js';
import type { RecentFlows } from './adapters/recent-flows.js';
import type { Config } from './config.js';
import { FLOWS, manifest, NAMES } from './manifest.js';
import { FLOW_MIGRATIONS } from './migrations/flow-tables.js';
import { flowQueries } from './read/flow-queries.store.js';
import { flowsStore } from './read/flows.store.js';
import type { FlowsStore } from './read/flows.store.js';
import { rememberName } from './read/names.projection.js';

type Context = HostContext<Config>;

const BATCH_WAIT_MS = 50;
const PRUNE_EVERY_MS = 3_600_000;

/** Around parts that run already: Nest makes nothing but the controller. */
function flowIngestModule(resource: FlowResource): new () => object {
  @Module({
    controllers: [FlowResourceController],
    providers: [{ provide: FLOW_RESOURCE, useValue: resource }],
  })
  class FlowIngestModule {}
  return FlowIngestModule;
}

export async function startFlowIngest(context: Context): Promise<RunningService> {
  const store = await openStore(context);
  const { bus, connection } = await openControlBus(context, manifest);
  const flows = flowsStore(store.pool, context.config.RINGFENCE_FLOW_RETENTION_DAYS);
  const recent = recentFlows(store.pool, randomUUID());
  const logError = (error: unknown): void =>
    context.logger.error({ err: error }, 'flow-ingest failed at something');

  const resource = openQueries(context, { store, recent }, logError);
  const app = await startNestOnBus({
    module: flowIngestModule(resource),
    nestLogger: nestLogger(context.logger),
    bus,
    connection,
    manifest,
    onUnexpected: logError,
  });
  pruneRegularly(context, flows, logError);
  const names = bus.consume(NAMES, (message) => rememberNames(store, message), { onError: logError });
  const limits = { maxMessages: context.config.RINGFENCE_FLOW_BATCHES, maxWaitMs: BATCH_WAIT_MS };
  const batches = bus.consumeBatches(FLOWS, limits, flowBatchesHandler(flows, recent, context.metrics), {
    onError: logError,
  });
  context.health.fact('flow batches waiting', () => String(batches.lag()));
  return {
    drain: async () => {
      await Promise.all([names.close(), batches.close()]);
      await app.close();
    },
  };
}

async function openStore({ config, health, logger, onShutdown, signal }: Context): Promise<EventStore> {
  let state: true | string = 'connecting';
  const opened: { store?: EventStore } = {};
  health.require('postgres', () => opened.store?.availability() ?? state);
  const onState = ({ connected, detail }: { connected: boolean; detail: string }): void => {
    state = connected ? 'preparing' : detail;
    if (!connected) logger.warn({ detail }, 'Postgres is away');
  };
  const url = await ensureDatabase(config.DATABASE_URL, manifest.service, { onState, signal });
  const store = await openEventStore({
    url,
    service: manifest.service,
    migrations: FLOW_MIGRATIONS,
    projections: [],
    onState,
    signal,
  });
  opened.store = store;
  onShutdown(() => store.close());
  return store;
}

function openQueries(
  { config, onShutdown }: Context,
  { store, recent }: { store: EventStore; recent: RecentFlows },
  onError: (error: unknown) => void,
): FlowResource {
  const queries = flowQueries(store.pool);
  const runner = queryRunner(store.pool, queries, onError);
  onShutdown(() => runner.close());
  queries.failInterrupted().catch(onError);
  return flowResource({
    pool: store.pool,
    queries,
    runner,
    recent,
    retentionDays: config.RINGFENCE_FLOW_RETENTION_DAYS,
  });
}

function pruneRegularly(
  { onShutdown, logger }: Context,
  flows: FlowsStore,
  onError: (error: unknown) => void,
): void {
  const prune = (): void => {
    flows.prune(new Date().toISOString().slice(0, 10)).then((days) => {
      if (days > 0) logger.info({ days }, 'dropped days of flows beyond the retention');
    }, onError);
  };
  const timer = setInterval(prune, PRUNE_EVERY_MS);
  onShutdown(() => clearInterval(timer));
}

async function rememberNames(
  store: EventStore,
  message: { payload: unknown; stream: string; seq: number },
): Promise<void> {
  const event = Envelope.parse(message.payload);
  await consumeOnce(store, NAMES.durable, message, (tx) => rememberName(tx, event));
}
