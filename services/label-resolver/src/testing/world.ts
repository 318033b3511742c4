/** For specs: label-resolver on a real Postgres and NATS, among owners that say what they are told to. */
import { randomUUID } from 'node:crypto';
import { connectBus, ensureStreams } from '@ringfence/bus';
import type { Bus } from '@ringfence/bus';
import { CALLS, EVENTS, subjects } from '@ringfence/contracts';
import type { EventType, ResourceResponse } from '@ringfence/contracts';
import { eventually, startNats, startPostgres } from '@ringfence/testing';
import { pino } from 'pino';
import { Config } from '../config.js';
import { openLabelResolver } from '../label-resolver.js';
import type { LabelResolver } from '../label-resolver.js';
import { manifest } from '../manifest.js';

interface Use {
  readonly label: string;
  readonly by: string;
  readonly token: string;
}
export interface World {
  readonly bus: Bus;
  /** What the owner of policy says about the use of labels. */
  readonly uses: Use[];
  resolver(): LabelResolver;
  rest(
    collection: string,
    op: string,
    request?: { ids?: string[]; query?: Record<string, string>; body?: unknown },
  ): Promise<ResourceResponse>;
  /** An event of inventory. */
  say(type: EventType, cluster: string, id: string, data: unknown): Promise<void>;
  events(type: string): Promise<{ data: Record<string, unknown> }[]>;
  /** Returns when everything that was said so far has been taken in. */
  settled(): Promise<void>;
  restart(): Promise<void>;
  /** A second process on the same servers; `takeOver` ends the first. */
  standBy(): { mayWrite(): boolean; takeOver(): Promise<void> };
  close(): Promise<void>;
}

export async function startWorld(): Promise<World> {
  const [postgres, nats] = await Promise.all([startPostgres(), startNats()]);
  const config = Config.parse({ NATS_URL: nats.url, DATABASE_URL: postgres.url });
  const bus = await connectBus({ servers: nats.url, name: 'owners-of-spec', server: 'control' });
  await ensureStreams(bus, 'control');
  const uses: Use[] = [];
  bus.serve(CALLS.labelUsage, async ({ labels }) => ({
    used: uses.filter((use) => labels.includes(use.label)),
  }));
  let running = await start(config, nats.url);
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
    bus,
    uses,
    say,
    resolver: () => running.resolver,
    rest: (collection, op, { ids = [], query = {}, body } = {}) =>
      running.resolver.resource({
        org: 1,
        actor: { kind: 'user', id: '1' },
        collection,
        op,
        ids,
        query,
        body,
      }),
    events: async (type) =>
      (await running.resolver.store.follow(0, 10_000)).filter((event) => event.type === type) as never,
    settled: async () => {
      await eventually(
        () =>
          running.consumed() >= said &&
          running.resolver.relayLag() === 0 &&
          running.resolver.settingsLag() === 0,
      );
    },
    restart: async () => {
      await running.close();
      running = await start(config, nats.url, running.consumed());
    },
    standBy: () => {
      let mayWrite = false;
      const next = start(config, nats.url, running.consumed()).finally(() => (mayWrite = true));
      return {
        mayWrite: () => mayWrite,
        takeOver: async () => {
          await running.close();
          running = await next;
        },
      };
    },
    close: async () => {
      await running.close();
      await bus.close();
      await Promise.all([postgres.close(), nats.close()]);
    },
  };
}

async function start(
  config: Config,
  natsUrl: string,
  already = 0,
): Promise<{ resolver: LabelResolver; consumed(): number; close(): Promise<void> }> {
  const bus = await connectBus({ servers: natsUrl, name: 'label-resolver', server: 'control' });
  const resolver = await openLabelResolver({ config, bus, logger: pino({ level: 'fatal' }) });
  let consumed = already;
  for (const consumption of manifest.consumes) {
    bus.consumeBatches(consumption, { maxMessages: 500, maxWaitMs: 5 }, async (messages) => {
      await resolver.facts(messages);
      consumed += messages.length;
    });
  }
  return {
    resolver,
    consumed: () => consumed,
    close: async () => {
      await bus.close();
      await resolver.close();
    },
  };
}
