import { connectBus, ensureStreams } from '@ringfence/bus';
import type { Bus } from '@ringfence/bus';
import { eventually, startNats } from '@ringfence/testing';
import type { NatsServer } from '@ringfence/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ObservationOutbox } from '../domain/observation-outbox.calculator.js';
import { ObservationPublisher } from './observation.publisher.js';

const CLUSTER = '11111111-1111-4111-8111-111111111111';
const MIB = 1024 ** 2;

let nats: NatsServer;
let bus: Bus;

beforeAll(async () => {
  nats = await startNats();
  bus = await connectBus({ servers: nats.url, name: 'kubelink', server: 'cluster' });
  await ensureStreams(bus, 'cluster');
});
afterAll(async () => {
  await bus?.close();
  await nats?.close();
});

describe('an object that no server takes', () => {
  it('is left out and named, and keeps nobody else from being told', async () => {
    const outbox = new ObservationOutbox(CLUSTER, 0);
    const told: string[] = [];
    const dropped: string[] = [];
    const publisher = new ObservationPublisher({
      bus: {
        publishMany: async (batch) => {
          await bus.publishMany(batch);
          told.push(...batch.map(({ subject }) => subject));
        },
      },
      outbox,
      onTrouble: () => undefined,
      onDropped: (subject) => dropped.push(subject),
    });
    const put = (uid: string, name: string): void =>
      outbox.put({ kind: 'pod', uid, facts: { name }, last: null }, { at: '', trace: {} });
    for (let i = 0; i < 7; i += 1) put(`before-${i}`, 'small');
    put('huge', 'x'.repeat(4 * MIB));
    for (let i = 0; i < 7; i += 1) put(`after-${i}`, 'small');
    publisher.wake();
    await eventually(() => told.length === 14);
    expect(dropped).toEqual([`obs.${CLUSTER}.pod.huge`]);
    await publisher.close();
  });
});
