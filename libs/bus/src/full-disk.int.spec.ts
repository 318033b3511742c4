import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { eventually, startNats } from '@ringfence/testing';
import type { NatsServer } from '@ringfence/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectBus } from './connect.js';
import type { Bus } from './bus.js';
import { linkOf } from './connect.js';

const run = promisify(execFile);
const BLOCK = 'x'.repeat(100_000);

const PROBE = fileURLToPath(new URL('../probes/nats-store.sh', import.meta.url));
const LEAST_KIB = '2048';

let nats: NatsServer;
let bus: Bus;
let disk: string;

/** As kubelet asks it. */
const isAlive = (): Promise<boolean> =>
  run(PROBE, [disk, join(nats.directory, 'was-full'), LEAST_KIB]).then(
    () => true,
    () => false,
  );

/** A disk of its own, so that only this server's is full. */
beforeAll(async () => {
  nats = await startNats();
  disk = join(nats.directory, 'jetstream');
  await nats.stop();
  await mkdir(disk, { recursive: true });
  await run('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', disk]);
  await nats.start();
  bus = await connectBus({ servers: nats.url, name: 'spec', server: 'cluster' });
  await linkOf(bus).manager.streams.add({ name: 'OBSERVATIONS', subjects: ['obs.>'] });
});
afterAll(async () => {
  await bus?.close();
  await nats?.kill();
  await run('umount', [disk]);
  await nats?.close();
});

describe('a disk that is full under a NATS that says it is well', () => {
  it('is said by whoever publishes, until something is stored again', async () => {
    expect(bus.availability()).toBe(true);
    const fill = async (): Promise<void> => {
      for (;;) await bus.publish('obs.c.pod.1', BLOCK);
    };
    expect(await isAlive()).toBe(true);
    await expect(fill()).rejects.toThrow(/no stream acknowledged/);
    // Started anew now it would find its disk as full.
    expect(await isAlive()).toBe(true);
    await eventually(
      () => bus.availability(),
      (state) => /^cluster NATS has stored nothing since 20.* \(is its disk full\?\)/.test(String(state)),
    );
    await run('mount', ['-o', 'remount,size=64m', disk]);
    // 2.9 stores nothing before it is started anew, 2.10 goes on by itself: the probe, which cannot tell, has both started anew.
    await bus.publish('obs.c.pod.1', BLOCK).catch(() => undefined);
    expect(await isAlive()).toBe(false);
    await nats.stop();
    rmSync(join(nats.directory, 'was-full'));
    await nats.start();
    expect(await isAlive()).toBe(true);
    await eventually(() => bus.isConnected());
    await bus.publish('obs.c.pod.1', BLOCK);
    expect(bus.availability()).toBe(true);
  });
});
