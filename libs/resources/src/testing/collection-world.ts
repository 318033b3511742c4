/**
 * For specs of a service that owns collections: a process of it on a real Postgres and NATS, the next ones after it, and a
 * bus on which everybody else speaks. A service's own `testing/world.ts` says what everybody else is.
 */
import { connectBus, ensureStreams } from '@ringfence/bus';
import type { Bus } from '@ringfence/bus';
import type { ResourceRequest, ResourceResponse } from '@ringfence/contracts';
import type { EventStore } from '@ringfence/event-store';
import { eventually, startNats, startPostgres } from '@ringfence/testing';

export interface OwnerProcess {
  readonly owner: {
    readonly store: EventStore;
    resource(request: ResourceRequest): Promise<ResourceResponse>;
  };
  close(): Promise<void>;
}

type RestRequest = { ids?: string[]; query?: Record<string, string> } & Pick<
  Partial<ResourceRequest>,
  'body' | 'until' | 'ifMatch'
>;

export interface CollectionWorld {
  /** Of everybody else. */
  readonly bus: Bus;
  rest(collection: string, op: string, request?: RestRequest): Promise<ResourceResponse>;
  /** All events of this type so far, in order. */
  events(type: string): Promise<{ stream: string; data: Record<string, unknown> }[]>;
  restart(): Promise<void>;
  /** NATS comes back with nothing, while the process runs. */
  loseStreams(): Promise<void>;
  close(): Promise<void>;
}

export interface WorldOf<P extends OwnerProcess> {
  /** Before the first process begins. */
  readonly others: (bus: Bus) => void;
  /** A process, and the one that ran before it. */
  readonly open: (servers: { NATS_URL: string; DATABASE_URL: string }, before?: P) => Promise<P>;
}

export async function startCollectionWorld<P extends OwnerProcess>({
  others,
  open,
}: WorldOf<P>): Promise<CollectionWorld & { running(): P }> {
  const [postgres, nats] = await Promise.all([startPostgres(), startNats()]);
  const servers = { NATS_URL: nats.url, DATABASE_URL: postgres.url };
  const bus = await connectBus({ servers: nats.url, name: 'everybody-else', server: 'control' });
  await ensureStreams(bus, 'control');
  others(bus);
  let running = await open(servers);
  return {
    bus,
    running: () => running,
    rest: (collection, op, { ids = [], query = {}, ...request } = {}) =>
      running.owner.resource({
        ...{ org: 1, actor: { kind: 'user', id: '1' }, collection, op, ids, query, body: undefined },
        ...request,
      }),
    events: async (type) =>
      (await running.owner.store.follow(0, 10_000)).filter((event) => event.type === type) as never,
    restart: async () => {
      await running.close();
      running = await open(servers, running);
    },
    loseStreams: async () => {
      await nats.loseDisk();
      await eventually(() => bus.isConnected());
      await ensureStreams(bus, 'control');
    },
    close: async () => {
      await running.close();
      await bus.close();
      await Promise.all([postgres.close(), nats.close()]);
    },
  };
}
