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
import type { BeyondShare, Bus, ClusterReaders, Consumer } from '@ringfence/bus';
import { keepWhole, ownDurables, STANDS_BY, waitingInAll } from '@ringfence/event-store';
import { nestLogger } from '@ringfence/service-host';
import type { HostContext, RunningService } from '@ringfence/service-host';
import { INVENTORY, InventoryController } from './adapters/inventory.controller.js';
import type { Config } from './config.js';
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
  const { config, health, logger, metrics, onShutdown, signal } = context;
  const open: { inventory?: Inventory; standsBy?: string } = {};
  health.require('postgres', () => open.inventory?.store.availability() ?? open.standsBy ?? 'not open yet');
  health.require('own events', () => open.inventory?.behind ?? true);
  health.fact('events to relay', () => String(open.inventory?.relayLag() ?? 0));
  const { bus, connection, answerHealth } = await openControlBus(context, manifest);
  const onStandBy = (): void => void (open.standsBy = STANDS_BY);
  const inventory = (open.inventory = await openInventory({
    config,
    bus,
    logger,
    metrics,
    signal,
    onStandBy,
  }));
  answerHealth();
  onShutdown(() => inventory.close());
  await beforeServing(context, () => ownDurables(inventory.store, bus, manifest));
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
  const consumers = readBatches(context, inventory, bus);
  keepWhole(context, {
    ...{ store: inventory.store, bus, owners: ['label-resolver'] },
    waiting: () => waitingInAll(bus, [ENTITIES, LABELS, PROFILES]),
  });
  return {
    drain: async () => {
      await Promise.all(consumers.map((consumer) => consumer.close()));
      await app.close();
    },
  };
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
