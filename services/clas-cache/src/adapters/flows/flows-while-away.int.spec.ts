import { connectBus, ensureStreams, noMetrics } from '@ringfence/bus';
import type { Bus } from '@ringfence/bus';
import { subjects } from '@ringfence/contracts';
import type { DecoratedFlowBatch, FlowBatch } from '@ringfence/contracts';
import { eventually, startNats } from '@ringfence/testing';
import type { NatsServer } from '@ringfence/testing';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ActorStore } from '../../domain/actor-store.js';
import {
  AT,
  catalogue,
  CLUSTER,
  pod,
  profile,
  tellLists,
  tellPolicy,
  workload,
} from '../../testing/facts.js';
import { NodeGate } from '../nodes/node-gate.js';
import { Refusals } from '../nodes/refusals.js';
import { readFlowBatches } from './flow-batches.consumer.js';

const NODE = 'node-1';
const batch: FlowBatch = {
  ...{ id: `${NODE}/b/1`, node: NODE, revision: 1, policyVersion: 1, from: AT, to: AT, overflow: 0 },
  reporters: [
    {
      ...{ id: 'web-1', mode: 'full' },
      flows: [
        {
          ...{ src: '10.244.1.1', dst: '10.244.1.2', direction: 'outbound', proto: 6, port: 5432 },
          ...{ verdict: 'allowed', state: 'new', connections: 3, bytesOut: 10, bytesIn: 20 },
          ...{ rule: null, ruleClass: null },
        },
      ],
    },
  ],
};

describe('flow batches that came while clas-cache was away', () => {
  let nats: NatsServer;
  let bus: Bus;

  beforeAll(async () => {
    nats = await startNats();
    bus = await connectBus({ servers: nats.url, name: 'clas-cache', server: 'cluster' });
    await ensureStreams(bus, 'cluster');
  });
  afterAll(async () => {
    await bus.close();
    await nats.close();
  });

  it('wait until the store has not only heard everything but drawn its conclusions', async () => {
    const decorated: DecoratedFlowBatch[] = [];
    bus.subscribe(
      subjects.decorated(CLUSTER, NODE),
      ({ payload }) => void decorated.push(payload as DecoratedFlowBatch),
    );
    await bus.publish(subjects.flow(CLUSTER, NODE), batch);
    const store = inSync();
    const notYet: string[] = [];
    const logger = pino({ level: 'warn' }, { write: (line) => void notYet.push(line) });
    const refusals = new Refusals({ logger, metrics: noMetrics, tell: () => undefined });
    const gate = new NodeGate({ refusals, onAbuse: () => undefined });
    const lane = readFlowBatches({ bus, cluster: CLUSTER, store, gate, refusals, logger });
    await eventually(() => notYet.length + decorated.length > 0);
    store.settle(Date.parse(AT));
    await eventually(() => decorated.length === 1);
    await lane.close();
    refusals.close();
    expect(decorated[0]?.ends).toMatchObject([
      { name: 'web', labels: ['1', '3'] },
      { name: 'db', labels: ['2', '3'] },
    ]);
  });
});

/** Everything is told, and nothing of it has run through the graph. */
function inSync(): ActorStore {
  const store = new ActorStore({ cluster: CLUSTER, readinessTimerSeconds: 15 });
  store.told('labels', '', catalogue);
  store.told('profile', 'shop', profile('shop'));
  tellLists(store);
  tellPolicy(store, {});
  for (const name of ['web', 'db']) store.observe('workload', workload(name));
  store.observe('pod', pod('web', 1));
  store.observe('pod', pod('db', 2));
  store.caughtUp();
  return store;
}
