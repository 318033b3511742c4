/**
 * The wiring of inventory to its process. inventory.ts puts the parts together; Nest carries calls and single events;
 * what comes in bulk is read in batches.
 *
 *   cmd.inventory.* ─────────────┐
 *   evt.*.{label,profile}.* ─────┴─▶ inventory.controller ─┐
 *   obs.*, ack.*, evt.*.entity.* ──────── batches ─────────┴─▶ inventory.ts ─▶ EVENTS
 */
import 'reflect-metadata';
import { Module } from '@nestjs/common';
import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { attachBus, connectBus, credsFile, ensureStreams, serviceInbox } from '@ringfence/bus';
import type { Bus, BusOptions, Consumer } from '@ringfence/bus';
import { nestLogger } from '@ringfence/service-host';
import type { HostContext, RunningService } from '@ringfence/service-host';
import { INVENTORY, InventoryController } from './adapters/inventory.controller.js';
import type { Config } from './config.js';
import { openInventory } from './inventory.js';
import type { Inventory } from './inventory.js';
import { ACKS, ENTITIES, manifest, OBSERVATIONS } from './manifest.js';

type Context = HostContext<Config>;

const BATCH = { maxMessages: 500, maxWaitMs: 5 };

/** Around an inventory that runs already: Nest makes nothing but the controller. */
function inventoryModule(inventory: Inventory): new () => object {
  @Module({ controllers: [InventoryController], providers: [{ provide: INVENTORY, useValue: inventory }] })
  class InventoryModule {}
  return InventoryModule;
}

export async function startInventory(context: Context): Promise<RunningService> {
  const { config, health, logger, metrics, onShutdown, signal } = context;
  const open: { inventory?: Inventory } = {};
  health.require('postgres', () => open.inventory?.store.availability() ?? 'not open yet');
  health.fact('events to relay', () => String(open.inventory?.relayLag() ?? 0));
  const connection = connectionOf(context);
  const bus = await openBus(context, connection);
  const inventory = (open.inventory = await openInventory({ config, bus, logger, metrics, signal }));
  onShutdown(() => inventory.close());
  const app = await carry(context, { inventory, bus, connection });
  const consumers = readBatches(context, inventory, bus);
  return {
    drain: async () => {
      await Promise.all(consumers.map((consumer) => consumer.close()));
      await app.close();
    },
  };
}

const connectionOf = ({ config, logger, metrics, signal }: Context): BusOptions => ({
  servers: config.NATS_URL,
  name: manifest.service,
  server: 'control',
  ...(config.NATS_CREDS !== undefined && {
    credentials: credsFile(config.NATS_CREDS),
    inboxPrefix: serviceInbox(manifest.service),
  }),
  metrics,
  onState: ({ connected, detail }) => logger[connected ? 'info' : 'warn']({ detail }, 'NATS'),
  signal,
});

async function openBus({ health, onShutdown }: Context, connection: BusOptions): Promise<Bus> {
  const open: { bus?: Bus } = {};
  health.require('nats', () => open.bus?.availability() ?? 'connecting');
  const bus = (open.bus = await connectBus(connection));
  onShutdown(() => bus.close());
  await ensureStreams(bus, 'control');
  return bus;
}

async function carry(
  { logger }: Context,
  parts: { inventory: Inventory; bus: Bus; connection: BusOptions },
): Promise<INestApplication> {
  // The platform is never listened on: calls and events come over NATS only.
  const options = { logger: nestLogger(logger), abortOnError: false };
  const app = await NestFactory.create(inventoryModule(parts.inventory), new FastifyAdapter(), options);
  attachBus(app, {
    bus: parts.bus,
    connection: parts.connection,
    manifest,
    consumers: {
      onError: (error, message) => logger.warn({ err: error, subject: message.subject }, 'an event failed'),
    },
    onUnexpected: (error) => logger.error({ err: error }, 'a call failed'),
  });
  await app.init();
  await app.startAllMicroservices();
  return app;
}

function readBatches({ health, logger }: Context, inventory: Inventory, bus: Bus): Consumer[] {
  const onError = (error: unknown, { subject }: { subject: string }): void =>
    logger.warn({ err: error, subject }, 'a message failed');
  const consumers = [
    bus.consumeBatches(OBSERVATIONS, BATCH, inventory.observed, { onError }),
    bus.consumeBatches(ACKS, BATCH, inventory.acknowledged, { onError }),
    bus.consumeBatches(ENTITIES, BATCH, inventory.entitiesLabelled, { onError }),
  ];
  for (const consumer of consumers)
    health.fact(`waiting in ${consumer.durable}`, () => String(consumer.lag()));
  return consumers;
}
