/**
 * The wiring of label-resolver to its process. label-resolver.ts puts the parts together; Nest carries calls; facts come
 * in bulk and are read in batches.
 *
 *   cmd.label-resolver.resource ─▶ label-resolver.controller ─┐
 *   evt.*.{container-cluster,namespace,…}.* ──── batches ─────┴─▶ label-resolver.ts ─▶ EVENTS, POLICY
 */
import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { beforeServing, openControlBus } from '@ringfence/bus';
import { startNestOnBus } from '@ringfence/bus/nest';
import type { Bus, Consumer, ControlBus } from '@ringfence/bus';
import { keepWhole, openServiceStore, ownDurables, serveInTurns, waitingInAll } from '@ringfence/event-store';
import type { EventStore, OwnTurn } from '@ringfence/event-store';
import { nestLogger } from '@ringfence/service-host';
import type { HostContext, RunningService } from '@ringfence/service-host';
import { LABEL_RESOLVER, LabelResolverController } from './adapters/label-resolver.controller.js';
import type { Config } from './config.js';
import { DATABASE } from './database.js';
import { openLabelResolver } from './label-resolver.js';
import type { LabelResolver } from './label-resolver.js';
import { manifest } from './manifest.js';

type Context = HostContext<Config>;

const BATCH = { maxMessages: 500, maxWaitMs: 5 };

/** Around a resolver that runs already: Nest makes nothing but the controller. */
function labelResolverModule(resolver: LabelResolver): new () => object {
  @Module({
    controllers: [LabelResolverController],
    providers: [{ provide: LABEL_RESOLVER, useValue: resolver }],
  })
  class LabelResolverModule {}
  return LabelResolverModule;
}

export async function startLabelResolver(context: Context): Promise<RunningService> {
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
  const resolver = await openLabelResolver({ ...context, store, bus });
  onShutdown(resolver.close);
  health.require('own events', () => resolver.behind ?? true);
  health.fact('events to relay', () => String(resolver.relayLag()));
  health.fact('events whose settings are not published', () => String(resolver.settingsLag()));
  health.fact('labels that maps asked for beyond their share', () => String(resolver.labelsNotMade()));
  await beforeServing(context, () => ownDurables(store, bus, manifest));
  const consumers = readBatches(context, resolver, bus);
  onShutdown(async () => void (await Promise.all(consumers.map((consumer) => consumer.close()))));
  keepWhole(context, {
    ...{ store, bus, owners: ['inventory'] },
    waiting: () => waitingInAll(bus, manifest.consumes),
  });
  const app = await startNestOnBus({
    module: labelResolverModule(resolver),
    nestLogger: nestLogger(logger),
    bus,
    connection,
    manifest,
    onUnexpected: (error) => logger.error({ err: error }, 'a call failed'),
  });
  onShutdown(() => app.close());
  onShutdown(answerHealth().close);
}

function readBatches({ health, logger }: Context, resolver: LabelResolver, bus: Bus): Consumer[] {
  const onError = (error: unknown, { subject }: { subject: string }): void =>
    logger.warn({ err: error, subject }, 'an event failed');
  const consumers = manifest.consumes.map((each) =>
    bus.consumeBatches(each, BATCH, resolver.facts, { onError }),
  );
  for (const consumer of consumers)
    health.fact(`waiting in ${consumer.durable}`, () => String(consumer.lag()));
  return consumers;
}
