/**
 * Puts label-resolver together, without a framework. The module gives the parts to Nest's transports.
 *
 *   evt.*.{container-cluster,namespace,workload,…} ─────────────▶ facts ─┐
 *   cmd.label-resolver.resource ─▶ labels, label types, profiles ─────────────┴▶ calculator ─▶ EntityLabelled
 *   own events ─▶ relay ─▶ evt.*.{label,profile,entity,…};  ─▶ settings publisher ─▶ policy.<cluster>.{labels,profile,node}
 */
import { beforeServing } from '@ringfence/bus';
import type { Bus, Message } from '@ringfence/bus';
import type { CALLS, ResourceRequest, ResourceResponse } from '@ringfence/contracts';
import { neverTwice, startRelay } from '@ringfence/event-store';
import type { EventStore, OwnTurn, Relay } from '@ringfence/event-store';
import {
  allPass,
  hearing,
  resourceAnswerer,
  saying,
  seeingOwnWrites,
  tellingChanges,
} from '@ringfence/resources';
import type { Operations } from '@ringfence/resources';
import type { Logger } from 'pino';
import type { z } from 'zod';
import { changeQueue } from './adapters/change-queue.js';
import { profileOperations } from './adapters/rest/container-workload-profiles.resource.js';
import { EntityResolver } from './adapters/facts/entity-resolver.js';
import { factsConsumer } from './adapters/facts/facts.consumer.js';
import { MappedLabels } from './adapters/facts/mapped-labels.js';
import { ensureBuiltInTypes, labelDimensionOperations } from './adapters/rest/label-dimensions.resource.js';
import { groupKeys, labelUses } from './adapters/rest/label-uses.client.js';
import { labelOperations } from './adapters/rest/labels.resource.js';
import { presentCluster } from './adapters/rest/present-cluster.js';
import { startSettingsPublisher } from './adapters/policy/settings.publisher.js';
import type { Config } from './config.js';
import { manifest } from './manifest.js';
import { facts } from './read/facts.js';
import { readHeads } from './read/heads.js';
import type { Heads } from './read/heads.js';
import { labelledAt } from './adapters/labelled-at.js';

export interface LabelResolver {
  readonly store: EventStore;
  resource(request: ResourceRequest): Promise<ResourceResponse>;
  askedSettings(): Promise<{ heads: Heads }>;
  labelledAt(asked: z.output<(typeof CALLS)['labelledAt']['request']>): ReturnType<typeof labelledAt>;
  /** What inventory said exists. */
  facts(messages: readonly Message[]): Promise<void>;
  /** When it is on the stream. */
  said: ReturnType<typeof saying>;
  /** Says again what others mirror. */
  resync: Relay['resync'];
  /** In words what its database lacks of what it once said; null: nothing. */
  readonly behind: string | null;
  /** Labels that maps asked for last and that were not made: a cluster has its share. */
  labelsNotMade(): number;
  relayLag(): number;
  settingsLag(): number;
  close(): Promise<void>;
}

/** In this process's turn. */
export interface LabelResolverOptions extends Pick<OwnTurn, 'oneAtATime'> {
  readonly config: Config;
  readonly store: EventStore;
  readonly bus: Bus;
  readonly logger: Logger;
  readonly signal?: AbortSignal;
}

export async function openLabelResolver(options: LabelResolverOptions): Promise<LabelResolver> {
  const { config, store, bus, logger, oneAtATime: queue } = options;
  const mapped = new MappedLabels(store, config.RINGFENCE_MAPPED_LABELS);
  const resolver = new EntityResolver(store, mapped);
  const behind = await beforeServing(options, () => neverTwice(store, bus, manifest));
  await beforeServing(options, async () => {
    await ensureBuiltInTypes(store);
    await facts.prune(store.entities);
    // What a crash left unsaid is said before anything new.
    await queue(() => resolver.settle());
  });
  const relay = startRelay(store, bus, {
    onError: (error) => logger.warn({ err: error }, 'relay'),
  });
  const settings = startSettingsPublisher(store, bus, (error) => logger.warn({ err: error }, 'settings'));
  const parts = {
    store,
    changing: changeQueue(queue, resolver),
    usesOf: labelUses(store, bus),
    groupKeysOf: groupKeys(bus),
    presentCluster: presentCluster(store),
  };
  const untilHeard = hearing({
    ...{ bus, owners: { inventory: [] } },
    hasPassed: allPass(bus, manifest.consumes),
  });
  return {
    store,
    resource: seeingOwnWrites(untilHeard, tellingChanges(resourceAnswerer(collections(parts)), store)),
    said: saying(store, relay, untilHeard),
    askedSettings: async () => ({ heads: await readHeads(store.entities) }),
    labelledAt: (asked) => labelledAt(store, asked),
    facts: factsConsumer({ store, oneAtATime: queue, resolver }),
    resync: relay.resync,
    behind,
    labelsNotMade: () => mapped.refused,
    relayLag: relay.lag,
    settingsLag: settings.lag,
    close: async () => {
      await settings.close();
      await relay.close();
    },
  };
}

const collections = (
  parts: Parameters<typeof labelOperations>[0] &
    Parameters<typeof profileOperations>[0] &
    Parameters<typeof labelDimensionOperations>[0],
): Readonly<Record<string, Operations>> => ({
  labels: labelOperations(parts),
  label_dimensions: labelDimensionOperations(parts),
  'container_clusters/container_workload_profiles': profileOperations(parts),
});
