import { eventually, startNats } from '@ringfence/testing';
import type { NatsServer } from '@ringfence/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Bus, LatestValue } from './bus.js';
import { connectBus } from './connect.js';
import { ensureStreams, ensureUplinkDurable } from './streams.js';

let nats: NatsServer;
let bus: Bus;
const table = () => {
  const values = new Map<string, unknown>();
  const log: unknown[] = [];
  return {
    values,
    log,
    handle: ({ subject, payload }: LatestValue) => {
      log.push(payload);
      if (payload === null) values.delete(subject);
      else values.set(subject, payload);
    },
  };
};

beforeAll(async () => {
  nats = await startNats();
});
afterAll(() => nats.close());
const open = async (): Promise<Bus> => {
  bus = await connectBus({ servers: nats.url, name: 'reader', server: 'control' });
  await ensureStreams(bus, 'control');
  return bus;
};
afterEach(() => bus.close());

describe('a reader of last values', () => {
  it('gets the current values first, then every change, tombstones included', async () => {
    await open();
    await bus.publish('policy.a.unit.1', 'old');
    await bus.publish('policy.a.unit.1', 'new');
    await bus.publish('policy.a.unit.2', 'gone soon');
    await bus.publish('policy.b.unit.1', 'of another');
    await bus.remove('policy.a.unit.2');
    const { values, log, handle } = table();
    const reader = await bus.latest('POLICY', 'policy.a.*.*', handle);
    await reader.caughtUp;
    expect(log).toEqual(['new', null]);
    await bus.publish('policy.a.unit.3', 'born');
    await bus.remove('policy.a.unit.1');
    await eventually(() => log.length === 4);
    expect([...values]).toEqual([['policy.a.unit.3', 'born']]);
  });

  it('is caught up at once when there is nothing', async () => {
    await open();
    const reader = await bus.latest('POLICY', 'policy.nobody.*.*', () => undefined);
    await reader.caughtUp;
  });

  it('tries a value again until its handler takes it', async () => {
    await open();
    await bus.publish('policy.again.unit.1', 'value');
    const errors: unknown[] = [];
    let attempts = 0;
    const reader = await bus.latest(
      'POLICY',
      'policy.again.*.*',
      () => {
        if ((attempts += 1) < 3) throw new Error('not yet');
      },
      { onError: (error) => void errors.push(error) },
    );
    await reader.caughtUp;
    expect(attempts).toBe(3);
    expect(errors).toHaveLength(2);
  });

  it('goes on after the server was killed, and sees what was removed meanwhile', async () => {
    await open();
    await bus.publish('policy.k.unit.1', 1);
    const { values, handle } = table();
    const reader = await bus.latest('POLICY', 'policy.k.*.*', handle);
    await reader.caughtUp;
    await nats.kill();
    await nats.start();
    const other = await connectBus({ servers: nats.url, name: 'other', server: 'control' });
    await other.remove('policy.k.unit.1');
    await other.publish('policy.k.unit.2', 2);
    await other.close();
    await eventually(() => values.size === 1 && values.has('policy.k.unit.2'));
  });

  it('reads through a durable that somebody else made, and all again when that is made anew', async () => {
    await open();
    const cluster = '11111111-1111-4111-8111-111111111111';
    await bus.publish(`policy.${cluster}.unit.1`, 1);
    await ensureUplinkDurable(bus, cluster);
    const first = table();
    const reader = await bus.latest('POLICY', `policy.${cluster}.*.*`, first.handle, {
      durable: `clas-${cluster}`,
    });
    await reader.caughtUp;
    await bus.publish(`policy.${cluster}.unit.2`, 2);
    await eventually(() => first.values.size === 2);
    await reader.close();
    await ensureUplinkDurable(bus, cluster);
    const second = table();
    const again = await bus.latest('POLICY', `policy.${cluster}.*.*`, second.handle, {
      durable: `clas-${cluster}`,
    });
    await again.caughtUp;
    expect(second.values.size).toBe(2);
  });

  it('begins anew where the server lost its disk, by itself or through a durable, and says so first', async () => {
    await open();
    const cluster = '22222222-2222-4222-8222-222222222222';
    const filter = `policy.${cluster}.*.*`;
    const tell = async (...units: string[]): Promise<void> => {
      for (const unit of units) await bus.publish(`policy.${cluster}.unit.${unit}`, unit);
    };
    await tell('1', '2', '3');
    await ensureUplinkDurable(bus, cluster);
    const logs = await Promise.all(
      [{}, { durable: `clas-${cluster}` }].map(async (options) => {
        const log: unknown[] = [];
        const read = ({ payload }: LatestValue): void => void log.push(payload);
        const onStreamMadeAnew = (): void => void log.push('anew');
        const reader = await bus.latest('POLICY', filter, read, { ...options, onStreamMadeAnew });
        await reader.caughtUp;
        return log;
      }),
    );
    await nats.loseDisk();
    await eventually(() => bus.isConnected());
    await ensureStreams(bus, 'control');
    await ensureUplinkDurable(bus, cluster);
    await tell('3', '4');
    const wanted = ['1', '2', '3', 'anew', '3', '4'];
    await eventually(() => logs.every((log) => log.length >= wanted.length));
    expect(logs).toEqual([wanted, wanted]);
  });
});

describe('a stream that was made anew', () => {
  it('is told to who asked, once, and only then', async () => {
    await open();
    let told = 0;
    bus.onMadeAnew('POLICY', () => (told += 1));
    let silent = 0;
    bus.onMadeAnew('POLICY', () => (silent += 1)).close();
    // Answered in their order: the first look was before this one.
    await bus.kept('POLICY');
    await nats.kill();
    await nats.start();
    await eventually(() => bus.isConnected());
    await nats.loseDisk();
    await eventually(() => bus.isConnected());
    expect(told).toBe(0);
    await ensureStreams(bus, 'control');
    await eventually(() => told === 1);
    expect(silent).toBe(0);
  });
});
