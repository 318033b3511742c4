/**
 * The wiring of flow-ingest to its process. flow-ingest.ts puts the parts together; Nest carries calls; flows are read in
 * batches and names one by one, in order.
 *
 *   cmd.flow-ingest.resource ──▶ flow-ingest.controller ─┐
 *   FLOWS ──batches──────────────────────────────────────┼─▶ flow-ingest.ts
 *   EVENTS ──one by one──────────────────────────────────┘
 */
import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { beforeServing, consumeByCluster, openControlBus } from '@ringfence/bus';
import type { BeyondShare, Bus, ClusterReaders, Consumer, ControlBus } from '@ringfence/bus';
import { startNestOnBus } from '@ringfence/bus/nest';
import { CALLS } from '@ringfence/contracts';
import { keepWhole, openServiceStore, ownDurables, serveInTurns } from '@ringfence/event-store';
import type { EventStore, OwnTurn } from '@ringfence/event-store';
import { nestLogger } from '@ringfence/service-host';
import type { HostContext, RunningService } from '@ringfence/service-host';
import { FLOW_INGEST, FlowIngestController } from './adapters/flow-ingest.controller.js';
import type { Config } from './config.js';
import { DATABASE } from './database.js';
import { openFlowIngest } from './flow-ingest.js';
import type { FlowIngest } from './flow-ingest.js';
import { FLOWS, manifest, NAMES } from './manifest.js';

type Context = HostContext<Config>;
type Closable = Pick<Consumer | ClusterReaders, 'close'>;

const BATCH_WAIT_MS = 50;

/** Around a flow-ingest that runs already: Nest makes nothing but the controller. */
function flowIngestModule(flowIngest: FlowIngest): new () => object {
  @Module({
    controllers: [FlowIngestController],
    providers: [{ provide: FLOW_INGEST, useValue: flowIngest }],
  })
  class FlowIngestModule {}
  return FlowIngestModule;
}

export async function startFlowIngest(context: Context): Promise<RunningService> {
  const { health, onShutdown } = context;
  const open: { database?: EventStore } = {};
  health.require('postgres', () => open.database?.availability() ?? 'not open yet');
  const control = await openControlBus(context, manifest);
  const database = (open.database = await openServiceStore(DATABASE, context));
  onShutdown(() => database.close());
  return serveInTurns(context, database, (turn) => serve({ ...context, ...turn }, database, control));
}

/** What was begun last ends first: a process whose turn is lost leaves its calls to its successor at once. */
async function serve(
  context: Context & OwnTurn,
  database: EventStore,
  { bus, connection, answerHealth }: ControlBus,
): Promise<void> {
  const { health, logger, onShutdown } = context;
  const flowIngest = openFlowIngest({ ...context, bus, database });
  onShutdown(flowIngest.close);
  const owned = await beforeServing(context, () => ownDurables(database, bus, manifest));
  const since = owned.get(FLOWS.durable);
  health.fact(
    'flows',
    () => `of before ${since?.toISOString() ?? 'the first one'} none came to this database`,
  );
  const consumers = readStreams(context, flowIngest, bus);
  onShutdown(async () => void (await Promise.all(consumers.map((consumer) => consumer.close()))));
  keepWhole(context, {
    ...{ store: database, bus, owners: ['inventory', 'label-resolver', 'policy-compute'] },
    waiting: () => bus.waiting(NAMES),
  });
  const app = await startNestOnBus({
    module: flowIngestModule(flowIngest),
    nestLogger: nestLogger(logger),
    bus,
    connection,
    manifest,
    onUnexpected: (error) => logger.error({ err: error }, 'a call failed'),
  });
  onShutdown(() => app.close());
  onShutdown(answerHealth().close);
}

function readStreams({ config, health, logger }: Context, flowIngest: FlowIngest, bus: Bus): Closable[] {
  const onAbuse = (abuse: BeyondShare): void =>
    void bus
      .call(CALLS.beyondShare, abuse)
      .catch((error: unknown) => logger.error({ err: error, ...abuse }, 'a cluster could not be cut off'));
  const onError = (error: unknown, { subject }: { subject: string }): void =>
    logger.warn({ err: error, subject }, 'a message failed');
  const limits = { maxMessages: config.RINGFENCE_FLOW_BATCHES, maxWaitMs: BATCH_WAIT_MS };
  const names = bus.consume(NAMES, flowIngest.named, { onError });
  const { clusters, batchesArrived: handler } = flowIngest;
  const batches = consumeByCluster(bus, [{ consumption: FLOWS, limits, handler }], {
    ...{ clusters, onError, onAbuse },
  });
  health.fact('flow batches waiting', () => String(batches.lag(FLOWS)));
  return [names, batches];
}
