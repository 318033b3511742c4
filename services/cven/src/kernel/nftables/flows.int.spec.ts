/** Accounting on the real kernel: while the halves are rotated all the time, no connection and no packet is lost or counted twice. */
import { replacement, rotation } from '@ringfence/firewall';
import type { FlowTable } from '@ringfence/firewall';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { allow, modelOf, unitOf } from '../../testing/models.js';
import { compiledHelper, openTestbed, peerAddress, POD } from '../../testing/testbed.js';
import type { Testbed } from '../../testing/testbed.js';
import { HelperKernel } from './helper-kernel.js';
import type { FlowReading } from '../port/kernel.port.js';

const CONNECTIONS = 1_000;
const DATAGRAMS = 20_000;
const ROTATE_EVERY_MS = 20;

describe('flow counts', () => {
  let bed: Testbed;
  let kernel: HelperKernel;
  beforeAll(async () => {
    bed = openTestbed();
    kernel = new HelperKernel({ entry: compiledHelper() });
    await bed.inPod.run('listen', { host: POD[4], tcp: [7001] });
  });
  afterAll(async () => {
    await kernel.stop();
    await bed.close();
  });

  it('are exact under rotation', async () => {
    const ports = [
      { proto: 6, from: 7001 },
      { proto: 17, from: 7002 },
    ];
    let model = modelOf(unitOf('full', { ingress: [allow([1], ...ports)] }), { 1: [peerAddress(10, 4)] });
    await kernel.apply(bed.netns, replacement(undefined, model));
    const readings: FlowReading[] = [];
    const rotate = async (): Promise<void> => {
      const rotated = rotation(model);
      await kernel.apply(bed.netns, rotated);
      readings.push(await kernel.readFlows(bed.netns, model.half));
      model = rotated.model;
    };
    let running = true;
    const rotating = (async () => {
      while (running) {
        await rotate();
        await new Promise((resolve) => setTimeout(resolve, ROTATE_EVERY_MS));
      }
    })();
    const sent = await send(bed);
    running = false;
    await rotating;
    await rotate();
    const sum = (tables: readonly FlowTable[], from: number, proto: number): number =>
      readings
        .flatMap(({ tables: all }) => tables.flatMap((table) => all[table]))
        .filter(([src, , protocol]) => src === peerAddress(from, 4) && protocol === proto)
        .reduce((total, [, , , , packets]) => total + packets, 0);
    expect(readings.length).toBeGreaterThan(10);
    expect(sum(['na'], 10, 6)).toBe(CONNECTIONS);
    expect(sum(['na', 'bo'], 10, 17)).toBe(sent.allowed);
    expect(sum(['nb'], 11, 17)).toBe(sent.blocked);
  });
});

/** Short connections and datagrams from an allowed address, datagrams from one that is not. */
async function send(bed: Testbed): Promise<{ allowed: number; blocked: number }> {
  const [friend, stranger] = [peerAddress(10, 4), peerAddress(11, 4)];
  const flood = (from: string): Promise<number> =>
    bed.inWorld.run<number>('flood', { from, to: POD[4], port: 7002, count: DATAGRAMS });
  const floods = [flood(friend), flood(stranger)];
  for (let i = 0; i < CONNECTIONS; i += 20) {
    await Promise.all(
      Array.from({ length: 20 }, () =>
        bed.inWorld.run('tcp', { from: friend, to: POD[4], port: 7001, timeoutMs: 5000 }),
      ),
    );
  }
  const [allowed = 0, blocked = 0] = await Promise.all(floods);
  return { allowed, blocked };
}
