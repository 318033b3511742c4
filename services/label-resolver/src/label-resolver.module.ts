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
import type { Bus, Consumer } from '@ringfence/bus';
import { keepWhole, ownDurables, STANDS_BY, waitingInAll } from '@ringfence/event-store';
import { nestLogger } from '@ringfence/service-host';
import type { HostContext, RunningService } from '@ringfence/service-host';
import { LABEL_RESOLVER, LabelResolverController } from './adapters/label-resolver.controller.js';
import type { Config } from './config.js';
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
  const { config, health, logger, onShutdown, signal } = context;
  const open: { resolver?: LabelResolver; standsBy?: string } = {};
  health.require('postgres', () => open.resolver?.store.availability() ?? open.standsBy ?? 'not open yet');
  health.require('own events', () => open.resolver?.behind ?? true);
  health.fact('events to relay', () => String(open.resolver?.relayLag() ?? 0));
  health.fact('events whose settings are not published', () => String(open.resolver?.settingsLag() ?? 0));
  health.fact('labels that maps asked for beyond their share', () =>
    String(open.resolver?.labelsNotMade() ?? 0),
  );
  const { bus, connection, answerHealth } = await openControlBus(context, manifest);
  const onStandBy = (): void => void (open.standsBy = STANDS_BY);
  const resolver = (open.resolver = await openLabelResolver({ config, bus, logger, signal, onStandBy }));
  answerHealth();
  onShutdown(() => resolver.close());
  await beforeServing(context, () => ownDurables(resolver.store, bus, manifest));
  const app = await startNestOnBus({
    module: labelResolverModule(resolver),
    nestLogger: nestLogger(logger),
    bus,
    connection,
    manifest,
    onUnexpected: (error) => logger.error({ err: error }, 'a call failed'),
  });
  const consumers = readBatches(context, resolver, bus);
  keepWhole(context, {
    ...{ store: resolver.store, bus, owners: ['inventory'] },
    waiting: () => waitingInAll(bus, manifest.consumes),
  });
  return {
    drain: async () => {
      await Promise.all(consumers.map((consumer) => consumer.close()));
      await app.close();
    },
  };
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
