import { Controller, Inject, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { INestApplication } from '@nestjs/common';
import { CALLS } from '@ringfence/contracts';
import type { ServiceManifest } from '@ringfence/contracts';
import { eventually, startNats } from '@ringfence/testing';
import type { NatsServer } from '@ringfence/testing';
import 'reflect-metadata';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Bus } from './bus.js';
import { connectBus } from './connect.js';
import { CallError, PermanentError } from './errors.js';
import { JETSTREAM } from './jetstream.strategy.js';
import { attachBus } from './nest.js';
import { ensureStreams } from './streams.js';

const manifest: ServiceManifest = {
  service: 'inventory',
  consumes: [
    {
      stream: 'EVENTS',
      filter: 'evt.*.label.*',
      durable: 'inventory-labels',
      mode: 'durable',
      server: 'control',
    },
  ],
  emits: [],
  serves: ['inventoryResource', 'exchangeToken'],
  calls: [],
};
const SEEN = Symbol('seen');

@Controller()
class Probe {
  constructor(@Inject(SEEN) private readonly seen: unknown[]) {}

  @MessagePattern('cmd.policy-compute.label-usage')
  usage(@Payload() request: { labels: string[] }): unknown {
    if (request.labels[0] === '7') throw CallError.of('NOT_FOUND', 'no-such-label', 'label 7 does not exist');
    if (request.labels[0] === '8') throw new Error('a secret of the inside');
    return { used: request.labels.map((label) => ({ label, by: 'a workload', token: 'label_in_use' })) };
  }

  @EventPattern('inventory-labels', JETSTREAM)
  async label(@Payload() payload: unknown): Promise<void> {
    if (payload === 'poison') throw new PermanentError('poison', 'undrinkable');
    this.seen.push(payload);
  }
}

let nats: NatsServer;
let bus: Bus;
let app: INestApplication;
const seen: unknown[] = [];
const unexpected: unknown[] = [];

beforeAll(async () => {
  nats = await startNats();
  const connection = { servers: nats.url, name: 'inventory', server: 'control' } as const;
  bus = await connectBus(connection);
  await ensureStreams(bus, 'control');
  class ProbeModule {}
  Module({ controllers: [Probe], providers: [{ provide: SEEN, useValue: seen }] })(ProbeModule);
  app = await NestFactory.create(ProbeModule, new FastifyAdapter(), { logger: false });
  attachBus(app, { bus, connection, manifest, onUnexpected: (error) => void unexpected.push(error) });
  await app.init();
  await app.startAllMicroservices();
});
afterAll(async () => {
  await app.close();
  await bus.close();
  await nats.close();
});

describe('a Nest application on the bus', () => {
  it('answers calls that are made with the contract', async () => {
    const answer = await bus.call(CALLS.labelUsage, { labels: ['1'] });
    expect(answer.used).toEqual([{ label: '1', by: 'a workload', token: 'label_in_use' }]);
  });

  it('tells a caller a refusal as it was meant, and a bug without its words', async () => {
    await expect(bus.call(CALLS.labelUsage, { labels: ['7'] })).rejects.toMatchObject({
      code: 'NOT_FOUND',
      errors: [{ token: 'no-such-label', message: 'label 7 does not exist' }],
    });
    await expect(bus.call(CALLS.labelUsage, { labels: ['8'] })).rejects.toMatchObject({
      code: 'INTERNAL',
    });
    expect(unexpected).toMatchObject([{ message: 'a secret of the inside' }]);
  });

  it('says that nobody is there, and that nobody answered in time', async () => {
    await expect(bus.call(CALLS.labelResource, {} as never)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    const silent = bus.subscribe('cmd.policy-compute.asked-version', () => undefined);
    await expect(bus.call(CALLS.askedVersion, {}, { deadlineMs: 50 })).rejects.toMatchObject({
      code: 'DEADLINE_EXCEEDED',
    });
    silent.close();
  });

  it('serves calls without Nest, on a subject that carries the caller', async () => {
    const served = bus.serve(
      CALLS.nodeSnapshot,
      async (_, { subject }) => ({ view: `of ${subject.split('.')[3]}`, part: 0, parts: 1, gzip: '' }),
      { suffix: '*' },
    );
    const answer = await bus.call(CALLS.nodeSnapshot, { node: 'ignored' }, { suffix: 'n7' });
    expect(answer.view).toBe('of n7');
    await expect(bus.call(CALLS.nodeSnapshot, { node: 3 } as never, { suffix: 'n7' })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
    served.close();
  });

  it('hands the messages of a declared durable to its event handler, and buries poison', async () => {
    const letters: unknown[] = [];
    await bus.latest('DEAD_LETTERS', 'dead.inventory.>', ({ payload }) => void letters.push(payload));
    await bus.publishMany(
      ['a', 'poison', 'b'].map((payload) => ({ subject: `evt.global.label.${payload}`, payload })),
    );
    await eventually(() => seen.length === 2 && letters.length === 1);
    expect(seen).toEqual(['a', 'b']);
    expect(letters).toMatchObject([{ reason: 'poison' }]);
  });
});
