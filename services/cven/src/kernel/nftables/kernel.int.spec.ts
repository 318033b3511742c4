/** Both ways into the kernel keep the same promises; the helper process also survives being killed. */
import { replacement } from '@ringfence/firewall';
import type { FirewallModel } from '@ringfence/firewall';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { allow, modelOf, unitOf } from '../../testing/models.js';
import { compiledHelper, openTestbed } from '../../testing/testbed.js';
import type { Testbed } from '../../testing/testbed.js';
import { HelperKernel } from './helper-kernel.js';
import { kernelSuite } from '../../testing/kernel.suite.js';
import { SpawnedKernel } from './spawned-kernel.js';

kernelSuite('the kernel through the helper process', () => new HelperKernel({ entry: compiledHelper() }));
kernelSuite('the kernel through spawned programs', () => new SpawnedKernel());

const whole = (model: FirewallModel) => replacement(undefined, model);

describe('a helper that is killed', () => {
  let bed: Testbed;
  let kernel: HelperKernel;
  const crashes: string[] = [];
  beforeAll(async () => {
    bed = openTestbed();
    kernel = new HelperKernel({ entry: compiledHelper(), onCrash: (reason) => crashes.push(reason) });
    await kernel.open(bed.netns);
  });
  afterAll(async () => {
    await kernel.stop();
    await bed.close();
  });

  it('at a random moment leaves the old table or the new one, and the next request finds a new helper', async () => {
    const peers = (net: number): string[] =>
      Array.from({ length: 4000 }, (_, i) => `10.${net}.${i >> 8}.${i & 255}`);
    const tables = [20, 30].map((net) =>
      whole(modelOf(unitOf('full', { ingress: [allow([1], { proto: 6 })] }), { 1: peers(net) })),
    );
    const listings: (string | undefined)[] = [];
    for (const table of tables) {
      await kernel.apply(bed.netns, table);
      listings.push((await kernel.look(bed.netns))?.listing);
    }
    for (let round = 0; round < 12; round += 1) {
      const applying = kernel
        .apply(bed.netns, tables[round % 2] ?? whole(modelOf(unitOf('full', {}), {})))
        .then(
          () => 'applied',
          (error: { code: string }) => error.code,
        );
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 40));
      process.kill(kernel.processId ?? 0, 'SIGKILL');
      expect(['applied', 'helper_lost']).toContain(await applying);
      while (crashes.length <= round) await new Promise((resolve) => setTimeout(resolve, 5));
      expect(listings).toContain((await kernel.look(bed.netns))?.listing);
    }
    await kernel.remove(bed.netns);
  });
});

describe('a helper that is stopped', () => {
  it('is ended and replaced once it has not answered for a while, and whoever waited is told', async () => {
    const bed = openTestbed();
    const crashes: string[] = [];
    const entry = compiledHelper();
    const kernel = new HelperKernel({ entry, silenceMs: 1_000, onCrash: (reason) => crashes.push(reason) });
    const table = whole(modelOf(unitOf('full', {}), {}));
    await kernel.apply(bed.netns, table);
    const stopped = kernel.processId ?? 0;
    process.kill(stopped, 'SIGSTOP');
    const waiting = [kernel.look(bed.netns), kernel.apply(bed.netns, table)];
    const codes = await Promise.all(
      waiting.map((each: Promise<unknown>) => each.catch((error: { code: string }) => error.code)),
    );
    expect(codes).toEqual(['helper_lost', 'helper_lost']);
    expect(crashes).toEqual(['it did not answer for 1 s']);
    expect(await kernel.look(bed.netns)).toBeDefined();
    expect(kernel.processId).not.toBe(stopped);
    await kernel.stop();
    await bed.close();
  });
});
