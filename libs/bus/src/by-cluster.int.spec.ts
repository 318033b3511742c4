import type { Consumption } from '@ringfence/contracts';
import { eventually, startNats } from '@ringfence/testing';
import type { NatsServer } from '@ringfence/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Bus, Message } from './bus.js';
import { consumeByCluster } from './by-cluster.js';
import type { ClusterReaders } from './by-cluster.js';
import { connectBus, linkOf } from './connect.js';
import { dropDurable } from './durable.js';
import { ensureStreams } from './streams.js';

const LANE: Consumption = {
  ...{ stream: 'ACKS', filter: 'ack.*.*.*', durable: 'reader-acks' },
  ...{ mode: 'durable', server: 'control', perCluster: true },
};

let nats: NatsServer;
let bus: Bus;
let readers: ClusterReaders | undefined;
let clusters = ['a', 'b'];
const seen: string[] = [];
/** What it holds back is a cluster's whole lane. */
const held = new Map<string, Promise<void>>();
const say = (cluster: string, id: string): Promise<void> => bus.publish(`ack.${cluster}.node.${id}`, {});
const take = async (messages: readonly Message[]): Promise<void> => {
  for (const { subject } of messages) {
    await held.get(subject.split('.')[1] ?? '');
    seen.push(subject);
  }
};

beforeAll(async () => {
  nats = await startNats();
  bus = await connectBus({ servers: nats.url, name: 'reader', server: 'control' });
  await ensureStreams(bus, 'control');
  readers = consumeByCluster(
    bus,
    [{ consumption: LANE, limits: { maxMessages: 10, maxWaitMs: 5 }, handler: take }],
    {
      ...{ clusters: async () => clusters, onError: () => undefined, onAbuse: () => undefined },
    },
  );
});
afterAll(async () => {
  await readers?.close();
  await bus.close();
  await nats.close();
});

describe('a lane that many clusters write', () => {
  it('takes one cluster’s words while another’s are held up, and all of them in the end', async () => {
    let release = (): void => undefined;
    held.set('a', new Promise((resolve) => (release = resolve)));
    for (let each = 0; each < 30; each += 1) await say('a', `n${each}`);
    await say('b', 'n1');
    await eventually(() => seen.includes('ack.b.node.n1'));
    expect(seen.some((subject) => subject.startsWith('ack.a.'))).toBe(false);
    expect(await bus.waiting(LANE)).toBe(30);
    release();
    await eventually(() => seen.length === 31);
  });

  it('is read again when its durable is taken away: a rewind does that before it makes another', async () => {
    seen.length = 0;
    await dropDurable(linkOf(bus), LANE.stream, `${LANE.durable}-a`);
    await eventually(() => seen.length === 30);
  });

  it('is read again for every cluster when it is rewound', async () => {
    seen.length = 0;
    await bus.rewind(LANE);
    await eventually(() => seen.length === 31);
  });

  it('takes up a new cluster, and leaves nothing of one that is gone', async () => {
    clusters = ['b', 'c'];
    await say('c', 'n1');
    await eventually(() => seen.includes('ack.c.node.n1'));
    await eventually(async () => {
      const names = (await linkOf(bus).manager.consumers.list('ACKS').next()).map(({ name }) => name);
      return names.sort().join() === 'reader-acks-b,reader-acks-c';
    });
  });
});
