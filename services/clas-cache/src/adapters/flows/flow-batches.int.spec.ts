import { connectBus, ensureStreams, noMetrics } from '@ringfence/bus';
import type { Bus } from '@ringfence/bus';
import { DecoratedFlowBatch, MOST_FLOWS, subjects } from '@ringfence/contracts';
import type { FlowBatch } from '@ringfence/contracts';
import { eventually, startNats } from '@ringfence/testing';
import type { NatsServer } from '@ringfence/testing';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ActorStore } from '../../domain/actor-store.js';
import { DECORATED_FLOWS } from '../../manifest.js';
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

/** Of which a node's bucket is full. */
const SHARE = 4_096;
/** As many as are taken together. */
const TOGETHER = 64;
const logger = pino({ level: 'silent' });

type Flow = FlowBatch['reporters'][number]['flows'][number];

const flow = (parts: Partial<Flow> = {}): Flow => ({
  ...{ src: '10.244.1.1', dst: '10.244.1.2', direction: 'outbound', proto: 6, port: 5432 },
  ...{ verdict: 'allowed', state: 'new', connections: 1, bytesOut: 10, bytesIn: 20 },
  ...{ rule: null, ruleClass: null },
  ...parts,
});
const batch = (id: string, flows: Flow[] = []): FlowBatch => ({
  ...{ id, node: 'node-1', revision: 1, policyVersion: 1, from: AT, to: AT, overflow: 0 },
  reporters: [{ id: 'web-1', mode: 'full', flows }],
});
/** It fits the server, and what is made of it does not. */
const tooLarge = (id: string): FlowBatch =>
  batch(
    id,
    Array.from({ length: MOST_FLOWS }, (_, index) =>
      flow({
        src: `fd00:1111:2222:3333::${index.toString(16)}`,
        dst: `fd00:4444:5555:6666::${index.toString(16)}`,
        rule: 'r'.repeat(200),
      }),
    ),
  );

/** Takes everything that the gate still lets in. */
function roomLeft(gate: NodeGate): number {
  for (let room = 0; ; room += 1)
    if (!gate.admits({ subject: subjects.flow(CLUSTER, 'node-1'), bytes: 1 })) return room;
}

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

describe('flow batches of a node', () => {
  let nats: NatsServer;
  let bus: Bus;
  beforeEach(async () => {
    nats = await startNats();
    bus = await connectBus({ servers: nats.url, name: 'clas-cache', server: 'cluster' });
    await ensureStreams(bus, 'cluster');
  });
  afterEach(async () => {
    await bus.close();
    await nats.close();
  });

  it('count once within its share, also those that are tried together with one at fault, and then alone', async () => {
    const refusals = new Refusals({ metrics: noMetrics, logger, tell: () => undefined });
    const gate = new NodeGate({ refusals, onAbuse: () => undefined });
    const batches = Array.from({ length: TOGETHER - 1 }, (_, index) => batch(`node-1/b/${index}`));
    await bus.publishMany(
      [...batches, tooLarge('node-1/b/large')].map((payload) => ({
        ...{ subject: subjects.flow(CLUSTER, 'node-1'), payload },
      })),
    );
    const passedOn: string[] = [];
    const next = bus.consume(DECORATED_FLOWS, async ({ payload }) => {
      passedOn.push(DecoratedFlowBatch.parse(payload).id);
    });
    const store = inSync();
    store.settle(0);
    const reader = readFlowBatches({ bus, cluster: CLUSTER, store, gate, refusals, logger });
    await eventually(() => passedOn.length >= batches.length);
    await reader.close();
    expect(roomLeft(gate)).toBeGreaterThanOrEqual(SHARE - TOGETHER);
    expect(passedOn).toEqual(batches.map(({ id }) => id));
    await next.close();
    refusals.close();
  });

  it('wait, when they came while clas-cache was away, until the store has not only heard everything but drawn its conclusions', async () => {
    const decorated: DecoratedFlowBatch[] = [];
    bus.subscribe(
      subjects.decorated(CLUSTER, 'node-1'),
      ({ payload }) => void decorated.push(payload as DecoratedFlowBatch),
    );
    await bus.publish(subjects.flow(CLUSTER, 'node-1'), batch('node-1/b/away', [flow()]));
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
