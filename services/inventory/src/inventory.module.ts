/**
 * The wiring of inventory to its process. inventory.ts puts the parts together; Nest carries calls and single events;
 * what comes in bulk is read in batches.
 *
 *   cmd.inventory.* ─────────────┐
 *   evt.*.{label,profile}.* ─────┴─▶ inventory.controller ─┐
 *   obs.*, agent.*, ack.*, evt.*.entity.* ──────── batches ─────────┴─▶ inventory.ts ─▶ EVENTS
 */
import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { beforeServing, consumeByCluster, openControlBus } from '@ringfence/bus';
import { startNestOnBus } from '@ringfence/bus/nest';
import type { BeyondShare, Bus, ClusterReaders, Consumer, ControlBus } from '@ringfence/bus';
import { keepWhole, openServiceStore, ownDurables, serveInTurns, waitingInAll } from '@ringfence/event-store';
import type { EventStore, OwnTurn } from '@ringfence/event-store';
import { nestLogger } from '@ringfence/service-host';
import type { HostContext, RunningService } from '@ringfence/service-host';
import { INVENTORY, InventoryController } from './adapters/inventory.controller.js';
import type { Config } from './config.js';
import { DATABASE } from './database.js';
import { openInventory } from './inventory.js';
import type { Inventory } from './inventory.js';
import { ACKS, AGENTS, ENTITIES, LABELS, manifest, OBSERVATIONS, PROFILES } from './manifest.js';

type Context = HostContext<Config>;
type Closable = Pick<Consumer | ClusterReaders, 'close'>;

const BATCH = { maxMessages: 500, maxWaitMs: 5 };

/** Around an inventory that runs already: Nest makes nothing but the controller. */
function inventoryModule(inventory: Inventory): new () => object {
  @Module({ controllers: [InventoryController], providers: [{ provide: INVENTORY, useValue: inventory }] })
  class InventoryModule {}
  return InventoryModule;
}

export async function startInventory(context: Context): Promise<RunningService> {
  const { health, onShutdown } = context;
  const open: { store?: EventStore } = {};
  health.require('postgres', () => open.store?.availability() ?? 'not open yet');
  const control = await openControlBus(context, manifest);
  const store = (open.store = await openServiceStore(DATABASE, context));
  onShutdown(() => store.close());
  return serveInTurns(context, store, (turn) => serve({ ...context, ...turn }, store, control));
}

/** What was begun last ends first: a process whose turn is lost leaves its calls to its successor at once. */
async function serve(
  context: Context & OwnTurn,
  store: EventStore,
  { bus, connection, answerHealth }: ControlBus,
): Promise<void> {
  const { health, logger, onShutdown } = context;
  const inventory = await openInventory({ ...context, store, bus });
  onShutdown(inventory.close);
  health.require('own events', () => inventory.behind ?? true);
  health.fact('events to relay', () => String(inventory.relayLag()));
  await beforeServing(context, () => ownDurables(store, bus, manifest));
  const consumers = readBatches(context, inventory, bus);
  onShutdown(async () => void (await Promise.all(consumers.map((consumer) => consumer.close()))));
  keepWhole(context, {
    ...{ store, bus, owners: ['label-resolver'] },
    waiting: () => waitingInAll(bus, [ENTITIES, LABELS, PROFILES]),
  });
  const app = await startNestOnBus({
    module: inventoryModule(inventory),
    nestLogger: nestLogger(logger),
    bus,
    connection,
    manifest,
    consumers: {
      onError: (error, { subject }) => logger.warn({ err: error, subject }, 'an event failed'),
    },
    onUnexpected: (error) => logger.error({ err: error }, 'a call failed'),
  });
  onShutdown(() => app.close());
  onShutdown(answerHealth().close);
}

/** Its lanes of clusters, each cluster in its turn; and what label-resolver says. */
function readBatches({ health, logger }: Context, inventory: Inventory, bus: Bus): Closable[] {
  const onError = (error: unknown, { subject }: { subject: string }): void =>
    logger.warn({ err: error, subject }, 'a message failed');
  const onAbuse = (abuse: BeyondShare): void =>
    void inventory
      .beyondShare(abuse)
      .catch((error: unknown) => logger.error({ err: error, ...abuse }, 'a cluster could not be cut off'));
  const lanes = [
    { consumption: OBSERVATIONS, limits: BATCH, handler: inventory.observed },
    { consumption: AGENTS, limits: BATCH, handler: inventory.agentsSaid },
    { consumption: ACKS, limits: BATCH, handler: inventory.acknowledged },
  ];
  const { clusters } = inventory;
  const said = consumeByCluster(bus, lanes, { clusters, onError, onAbuse });
  const entities = bus.consumeBatches(ENTITIES, BATCH, inventory.labelled, { onError });
  for (const { consumption } of lanes)
    health.fact(`waiting in ${consumption.durable}`, () => String(said.lag(consumption)));
  health.fact(`waiting in ${entities.durable}`, () => String(entities.lag()));
  return [said, entities];
}
