import { createHash } from 'node:crypto';
import { cp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Consumption } from '@ringfence/contracts';
import { eventually, startNats } from '@ringfence/testing';
import type { NatsPlace, NatsServer } from '@ringfence/testing';
import { connect } from 'nats';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Bus, BusOptions, Message } from './bus.js';
import { connectBus, linkOf } from './connect.js';
import { PermanentError, TransientError } from './errors.js';
import { eventOf } from './event-of.js';
import { ensureStreams } from './streams.js';

const MIB = 1024 ** 2;
let nats: NatsServer;
const buses: Bus[] = [];
const bus = async (name: string, more: Partial<BusOptions> = {}): Promise<Bus> => {
  const connected = await connectBus({ servers: nats.url, name, server: 'control', ...more });
  buses.push(connected);
  return connected;
};
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
let run = 0;
/** A durable and subjects of its own for every test. */
const reading = (): { consumption: Consumption; subject: (id: string | number) => string } => {
  const cluster = `c${(run += 1)}`;
  const consumption = {
    stream: 'EVENTS',
    filter: `evt.${cluster}.*.*`,
    durable: `reader-${cluster}`,
    mode: 'durable',
    server: 'control',
  } as const;
  return { consumption, subject: (id) => `evt.${cluster}.thing.${id}` };
};

/** As our own servers are configured: messages may be larger than a dead letter of them could be. */
const openServer = ({ port, directory }: NatsPlace): string =>
  `listen: 127.0.0.1:${port}\nmax_payload: 32MB\njetstream { store_dir: "${directory}/jetstream", max_file_store: 64GB }\n`;

beforeAll(async () => {
  nats = await startNats({ config: openServer });
  await ensureStreams(await bus('setup'), 'control');
});
afterEach(async () => {
  await Promise.all(buses.splice(0).map((each) => each.close()));
});
afterAll(() => nats.close());

describe('a durable consumer', () => {
  it('handles every message in order, and goes on where the process before it stopped', async () => {
    const { consumption, subject } = reading();
    const writer = await bus('writer');
    await writer.publishMany(
      Array.from({ length: 1_500 }, (_, n) => ({ subject: subject(n % 7), payload: n })),
    );
    const seen: unknown[] = [];
    const first = await bus('reader');
    first.consume(consumption, async ({ payload }) => {
      seen.push(payload);
      if (seen.length % 100 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    });
    await eventually(() => seen.length >= 200);
    await first.close();
    const handledByFirst = seen.length;
    (await bus('reader')).consume(consumption, async ({ payload }) => void seen.push(payload));
    await eventually(() => seen.at(-1) === 1_499);
    expect(handledByFirst).toBeLessThan(1_500);
    expect(seen).toEqual(Array.from({ length: 1_500 }, (_, n) => n));
  });

  it('is read again by who reads through it when it is rewound, from the oldest message or since a time', async () => {
    const { consumption, subject } = reading();
    const both = await bus('reader');
    const publish = (from: number, to: number): Promise<void> =>
      both.publishMany(
        Array.from({ length: to - from }, (_, n) => ({ subject: subject(0), payload: from + n })),
      );
    await publish(0, 700);
    const seen: unknown[] = [];
    both.consume(consumption, async ({ payload }) => void seen.push(payload));
    await eventually(() => seen.length === 700);
    await new Promise((resolve) => setTimeout(resolve, 20));
    const since = new Date();
    await publish(700, 703);
    await eventually(() => seen.length === 703);
    seen.length = 0;
    const admin = await bus('admin');
    await admin.rewind(consumption);
    await publish(703, 704);
    await eventually(() => seen.at(-1) === 703);
    expect(seen).toEqual(Array.from({ length: 704 }, (_, n) => n));
    seen.length = 0;
    await admin.rewind(consumption, since);
    await eventually(() => seen.length === 4);
    expect(seen).toEqual([700, 701, 702, 703]);
    await eventually(async () => (await admin.waiting(consumption)) === 0);
  });

  it('keeps a message in its place while a dependency is away, and loses none behind it', async () => {
    const { consumption, subject } = reading();
    const both = await bus('patient');
    await both.publishMany([1, 2, 3].map((n) => ({ subject: subject(n), payload: n })));
    const seen: unknown[] = [];
    let outages = 4;
    both.consume(consumption, async ({ payload }) => {
      if (payload === 2 && outages-- > 0) throw new TransientError('the database is away');
      seen.push(payload);
    });
    await eventually(() => seen.length === 3);
    expect(seen).toEqual([1, 2, 3]);
  });

  it('puts poison into the dead letters with its reason, and goes on', async () => {
    const { consumption, subject } = reading();
    const both = await bus('buried');
    const letters: { subject: string; payload: unknown }[] = [];
    await both.latest('DEAD_LETTERS', 'dead.buried.>', (letter) => void letters.push(letter));
    await both.publishMany(['bad', 'bug', 'good'].map((word) => ({ subject: subject(word), payload: word })));
    const seen: unknown[] = [];
    both.consume(consumption, async ({ payload }) => {
      if (payload === 'bad') throw new PermanentError('not-understood', 'no such thing');
      if (payload === 'bug') throw new TypeError('x is not a function');
      seen.push(payload);
    });
    await eventually(() => seen.length === 1 && letters.length >= 1);
    expect(seen).toEqual(['good']);
    const more = await bus('look');
    const all: unknown[] = [];
    const reader = more.consume(
      {
        stream: 'DEAD_LETTERS',
        filter: 'dead.buried.>',
        durable: 'look',
        mode: 'durable',
        server: 'control',
      },
      async ({ payload }) => void all.push(payload),
    );
    await eventually(() => all.length === 2);
    await reader.close();
    expect(all).toMatchObject([
      { reason: 'not-understood', subject: subject('bad'), head: '"bad"', durable: consumption.durable },
      { reason: 'handler-failed', message: 'x is not a function', head: '"bug"' },
    ]);
  });

  it('keeps an event in its place that only a newer program can read: buried, it would be missing for ever', async () => {
    const { consumption, subject } = reading();
    const both = await bus('older');
    const letters: unknown[] = [];
    await both.latest('DEAD_LETTERS', 'dead.older.>', (letter) => void letters.push(letter));
    const label = (v: number): object => ({
      ...{ id: '11111111-1111-4111-8111-111111111111', type: 'LabelDeleted', v, cluster: 'global' },
      ...{ stream: 'label-7', version: 1, position: v, at: '2026-01-01T00:00:00.000Z', data: { id: '7' } },
      actor: { kind: 'system', id: 'test' },
    });
    await both.publishMany([99, 1].map((v) => ({ subject: subject(v), payload: label(v) })));
    const seen: number[] = [];
    const told: string[] = [];
    let isUpdated = false;
    const handle = async (message: Message): Promise<void> => {
      const { v } = isUpdated ? (message.payload as { v: number }) : eventOf(message);
      seen.push(v);
    };
    both.consume(consumption, handle, { onError: (error) => void told.push(String(error)) });
    await eventually(() => told.length > 2);
    expect(told[0]).toContain('LabelDeleted of version 99');
    expect([seen, letters]).toEqual([[], []]);
    isUpdated = true;
    await eventually(() => seen.length === 2);
    expect(seen).toEqual([99, 1]);
  });

  it('buries what is not JSON', async () => {
    const { consumption, subject } = reading();
    const both = await bus('garbled');
    const raw = await connect({ servers: nats.url });
    await raw.jetstream().publish(subject('x'), '{not json');
    await raw.close();
    await both.publish(subject('y'), 'fine');
    const seen: unknown[] = [];
    both.consume(consumption, async ({ payload }) => void seen.push(payload));
    await eventually(() => seen.length === 1);
    expect(seen).toEqual(['fine']);
  });

  it('buries a message that is larger as text than a message may be, and goes on', async () => {
    const { consumption, subject } = reading();
    const both = await bus('huge');
    const raw = await connect({ servers: nats.url });
    const bytes = new Uint8Array(12 * 1024 * 1024).fill(0xff);
    await raw.jetstream().publish(subject('x'), bytes, { timeout: 30_000 });
    await raw.close();
    await both.publish(subject('y'), 'fine');
    const seen: unknown[] = [];
    both.consume(consumption, async ({ payload }) => void seen.push(payload));
    await eventually(() => seen.length === 1);
    expect(seen).toEqual(['fine']);
    const letters: unknown[] = [];
    await both.latest('DEAD_LETTERS', 'dead.huge.>', ({ payload }) => void letters.push(payload));
    await eventually(() => letters.length === 1);
    expect(letters).toMatchObject([
      {
        reason: 'not-json',
        subject: subject('x'),
        length: bytes.length,
        sha256: sha256(bytes),
        encoding: 'base64',
      },
    ]);
    expect(JSON.stringify(letters).length).toBeLessThan(10_000);
  });

  it('goes on where a message cannot even be buried, and says so', async () => {
    const { consumption, subject } = reading();
    const both = await bus('unburied');
    const raw = await connect({ servers: nats.url });
    const manager = await raw.jetstreamManager();
    const letters = await manager.streams.info('DEAD_LETTERS');
    await manager.streams.update('DEAD_LETTERS', { ...letters.config, max_msg_size: 16 });
    await both.publishMany(['bad', 'good'].map((word) => ({ subject: subject(word), payload: word })));
    const seen: unknown[] = [];
    const told: string[] = [];
    both.consume(
      consumption,
      async ({ payload }) => {
        if (payload === 'bad') throw new PermanentError('not-understood', 'no such thing');
        seen.push(payload);
      },
      { onError: (error) => void told.push((error as Error).message) },
    );
    await eventually(() => seen.length === 1);
    await manager.streams.update('DEAD_LETTERS', { ...letters.config, max_msg_size: -1 });
    await raw.close();
    expect(told.some((message) => /not even a dead letter/.test(message))).toBe(true);
  });

  it('says that it stands still, and how much waits, also of what came after the last message it saw', async () => {
    const { consumption, subject } = reading();
    const both = await bus('standing', { standsAfterMs: 500 });
    let isAway = true;
    const consumer = both.consume(consumption, async () => {
      if (isAway) throw new TransientError('the database is away');
    });
    await both.publish(subject(1), 1);
    await both.publish(subject(2), 2);
    await eventually(() => both.progress() !== true);
    expect(both.progress()).toMatch(new RegExp(`^${consumption.durable}: 2 messages wait, none was done`));
    expect(consumer.lag()).toBe(2);
    isAway = false;
    await eventually(() => both.progress() === true);
  });

  it('takes batches, and finds the one that is at fault in a batch', async () => {
    const { consumption, subject } = reading();
    const both = await bus('batched');
    await both.publishMany(Array.from({ length: 300 }, (_, n) => ({ subject: subject(n), payload: n })));
    const sizes: number[] = [];
    const seen: unknown[] = [];
    both.consumeBatches(consumption, { maxMessages: 100, maxWaitMs: 50 }, async (messages) => {
      if (messages.some(({ payload }) => payload === 150)) throw new PermanentError('no', 'not this one');
      sizes.push(messages.length);
      seen.push(...messages.map(({ payload }) => payload));
    });
    await eventually(() => seen.length === 299);
    expect(seen).toEqual(Array.from({ length: 300 }, (_, n) => n).filter((n) => n !== 150));
    expect(Math.max(...sizes)).toBe(100);
  });

  it('has no more bytes in memory at once than it can bear, and still takes what is larger than that alone', async () => {
    const { consumption, subject } = reading();
    const both = await bus('bounded');
    const letters = (n: number): string => String(n).padEnd(MIB, 'x');
    for (let n = 0; n < 40; n += 1) await both.publish(subject(n), letters(n));
    await both.publish(subject('large'), 'l'.repeat(20 * MIB));
    await both.publish(subject('last'), 'last');
    let goOn: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (goOn = resolve));
    const [lengths, seen]: [number[], string[]] = [[], []];
    both.consumeBatches(consumption, { maxMessages: 500, maxWaitMs: 20 }, async (messages) => {
      await held;
      lengths.push(messages.reduce((sum, { bytes }) => sum + bytes, 0));
      seen.push(...messages.map(({ payload }) => (payload as string).slice(0, 4)));
    });
    const { consumers } = linkOf(both).manager;
    const underWay = (): Promise<number> =>
      consumers.info('EVENTS', consumption.durable).then(
        (info) => info.num_ack_pending,
        () => 0,
      );
    // Nobody takes them: what the server has handed out is in memory.
    await eventually(async () => (await underWay()) >= 3);
    await new Promise((resolve) => setTimeout(resolve, 300));
    const handedOut = await underWay();
    goOn();
    expect(handedOut).toBeLessThanOrEqual(5);
    await eventually(() => seen.includes('last'));
    expect(seen).toEqual([...Array.from({ length: 40 }, (_, n) => String(n).padEnd(4, 'x')), 'llll', 'last']);
    expect(Math.max(...lengths.filter((length) => length < 20 * MIB))).toBeLessThanOrEqual(5 * MIB);
  });

  it('loses nothing and swaps nothing when the server is killed, again and again', async () => {
    const { consumption, subject } = reading();
    const writer = await bus('writer');
    const reader = await bus('reader');
    const seen: number[] = [];
    reader.consume(consumption, async ({ payload }) => void seen.push(payload as number));
    const total = 1_200;
    const writing = (async () => {
      for (let n = 0; n < total;) {
        await writer.publish(subject(n), n, { id: `${consumption.durable} ${n}` }).then(
          () => (n += 1),
          () => new Promise((resolve) => setTimeout(resolve, 50)),
        );
      }
    })();
    for (const reached of [200, 700]) {
      await eventually(() => seen.length >= reached);
      await nats.kill();
      await nats.start();
    }
    await writing;
    await eventually(() => seen.at(-1) === total - 1);
    expect(seen).toEqual(Array.from({ length: total }, (_, n) => n));
  });

  it('reads what the server numbers anew after it has lost the end of a stream', async () => {
    const { consumption, subject } = reading();
    const writer = await bus('writer');
    const seen: unknown[] = [];
    (await bus('reader')).consume(consumption, async ({ payload }) => void seen.push(payload));
    await writer.publish(subject(1), 'kept');
    await eventually(() => seen.length === 1);
    await nats.kill();
    const kept = join(nats.directory, 'jetstream');
    await cp(kept, `${kept}.then`, { recursive: true });
    await nats.start();
    for (const payload of ['lost', 'lost too']) await publishAtLast(writer, subject(1), payload);
    await eventually(() => seen.length === 3);
    await nats.kill();
    await rm(kept, { recursive: true });
    await rename(`${kept}.then`, kept);
    await nats.start();
    for (const payload of ['new', 'newer', 'newest']) await publishAtLast(writer, subject(1), payload);
    await eventually(() => seen.at(-1) === 'newest');
    expect(seen).toEqual(['kept', 'lost', 'lost too', 'new', 'newer', 'newest']);
  });
});

/** The connection comes back a moment after the server. */
async function publishAtLast(writer: Bus, subject: string, payload: unknown): Promise<void> {
  await eventually(() => linkOf(writer).isConnected());
  await writer.publish(subject, payload);
}
