/** For specs: label-resolver on a real Postgres and NATS, among owners that say what they are told to. */
import { randomUUID } from 'node:crypto';
import { connectBus } from '@ringfence/bus';
import { CALLS, EVENTS, subjects } from '@ringfence/contracts';
import type { EventType } from '@ringfence/contracts';
import { oneAtATime, openServiceStore } from '@ringfence/event-store';
import { startCollectionWorld } from '@ringfence/resources/testing';
import type { CollectionWorld } from '@ringfence/resources/testing';
import { eventually } from '@ringfence/testing';
import { pino } from 'pino';
import { Config } from '../config.js';
import { DATABASE } from '../database.js';
import { openLabelResolver } from '../label-resolver.js';
import type { LabelResolver } from '../label-resolver.js';
import { manifest } from '../manifest.js';

interface Use {
  readonly label: string;
  readonly by: string;
  readonly token: string;
  readonly as?: string[];
}
export interface World extends CollectionWorld {
  /** What the owner of policy says about the use of labels. */
  readonly uses: Use[];
  /** Types that label groups are of. */
  readonly groupKeys: string[];
  resolver(): LabelResolver;
  /** An event of inventory. */
  say(type: EventType, cluster: string, id: string, data: unknown): Promise<void>;
  /** Returns when everything that was said so far has been taken in. */
  settled(): Promise<void>;
}

/** Few are enough to see that there is an end. */
export const MOST_MAPPED = 3;

export async function startWorld(): Promise<World> {
  const uses: Use[] = [];
  const groupKeys: string[] = [];
  const world = await startCollectionWorld({
    others: (bus) =>
      bus.serve(CALLS.labelUsage, async ({ labels }) => ({
        used: uses.filter((use) => labels.includes(use.label)),
        groupKeys: [...groupKeys],
      })),
    open: (servers, before?: Running) =>
      start(Config.parse({ ...servers, RINGFENCE_MAPPED_LABELS: MOST_MAPPED }), before?.consumed()),
  });
  const { bus, running } = world;
  let said = 0;
  const say: World['say'] = (type, cluster, id, data) => {
    said += 1;
    const { entity, v } = EVENTS[type];
    const envelope = {
      id: randomUUID(),
      type,
      v,
      stream: `${entity}-${id}`,
      version: 1,
      position: said,
      at: new Date().toISOString(),
      cluster,
    };
    return bus.publish(subjects.event(cluster, entity, id), {
      ...envelope,
      actor: { kind: 'container_cluster', id: cluster },
      data,
    });
  };
  return {
    ...world,
    uses,
    groupKeys,
    say,
    resolver: () => running().owner,
    settled: async () => {
      await eventually(
        () =>
          running().consumed() >= said &&
          running().owner.relayLag() === 0 &&
          running().owner.settingsLag() === 0,
      );
    },
  };
}

interface Running {
  readonly owner: LabelResolver;
  /** Messages, also by the processes before it. */
  consumed(): number;
  close(): Promise<void>;
}

async function start(config: Config, already = 0): Promise<Running> {
  const bus = await connectBus({ servers: config.NATS_URL, name: 'label-resolver', server: 'control' });
  const store = await openServiceStore(DATABASE, { config });
  const resolver = await openLabelResolver({
    ...{ config, store, oneAtATime: oneAtATime(), bus, logger: pino({ level: 'fatal' }) },
  });
  let consumed = already;
  for (const consumption of manifest.consumes) {
    bus.consumeBatches(consumption, { maxMessages: 500, maxWaitMs: 5 }, async (messages) => {
      await resolver.facts(messages);
      consumed += messages.length;
    });
  }
  return {
    owner: resolver,
    consumed: () => consumed,
    close: async () => {
      await bus.close();
      await resolver.close();
      await store.close();
    },
  };
}
