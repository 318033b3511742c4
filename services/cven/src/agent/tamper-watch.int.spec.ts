/** From somebody's change of our table to the table as it was, on the real kernel; and what becomes of one who does not stop. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { eventually } from '@ringfence/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HelperKernel } from '../kernel/nftables/helper-kernel.js';
import { allow, modelOf, unitOf } from '../testing/models.js';
import { compiledHelper, openTestbed, peerAddress } from '../testing/testbed.js';
import type { Testbed } from '../testing/testbed.js';
import { EnforcedPlace } from './enforced-place.js';
import { TableRecords } from './table-records.js';
import { TamperWatch } from './tamper-watch.js';
import type { Tampering } from './tamper-watch.js';

const run = promisify(execFile);

describe('tampering', () => {
  let bed: Testbed;
  let kernel: HelperKernel;
  let place: EnforcedPlace;
  let watch: TamperWatch;
  const told: Tampering[] = [];

  beforeAll(async () => {
    bed = openTestbed();
    kernel = new HelperKernel({
      entry: compiledHelper(),
      onNews: (news) => {
        if (news.news === 'tampered') watch.told(news.netns, news.what, news.by);
      },
    });
    const nothing = (): void => undefined;
    place = new EnforcedPlace(
      { kind: 'pod', id: 'p', netns: bed.netns, podUid: 'p', namespace: 'shop', name: 'web' },
      {
        kernel,
        records: new TableRecords({}, nothing),
        lastRead: () => undefined,
        events: {
          onApplied: nothing,
          onInterval: nothing,
          onFlowsLost: nothing,
          onHealed: nothing,
          onTrouble: nothing,
        },
      },
    );
    watch = new TamperWatch({
      kernel,
      places: () => [place],
      onDoubt: nothing,
      onTampered: (tampering) => told.push(tampering),
      onTrouble: nothing,
    });
    const unit = unitOf('full', { ingress: [allow([1], { proto: 6, from: 7001 })] });
    const model = modelOf(unit, { 1: [peerAddress(10, 4)] });
    await place.enforce({ model, unit, isOwnPolicy: true });
    await place.learn();
  });
  afterAll(async () => {
    await kernel.stop();
    await bed.close();
  });

  const listing = (): string => {
    try {
      return bed.pod('nft', 'list', 'table', 'inet', 'ringfence');
    } catch {
      return '';
    }
  };
  const isWhole = (): boolean => /chain p_in \{[^}]*goto v_unmatched/.test(listing());

  it('is put right at once, with what was done and by whom, and nobody asks for it', async () => {
    expect(isWhole()).toBe(true);
    for (const [n, command] of ['flush ruleset', 'flush chain inet ringfence p_in'].entries()) {
      bed.pod('nft', command);
      await eventually(() => told.length > n);
      expect(isWhole()).toBe(true);
    }
    expect(told).toMatchObject([
      { what: 'table deleted', by: expect.stringMatching(/^nft \(process/) as string, count: 1 },
      { what: expect.stringContaining('p_in') as string, count: 2 },
    ]);
  });

  it('is answered again and again, but not more than ten times a second', async () => {
    const before = told.length;
    const started = performance.now();
    const isEnough = (): boolean =>
      told.length - before > 3 && (told.at(-1)?.count ?? 0) > 5 && performance.now() - started > 2_000;
    // Fails where the table is just being replaced.
    while (!isEnough())
      await run('nsenter', [`--net=${bed.netns}`, 'nft', 'flush chain inet ringfence p_in']).catch(
        () => undefined,
      );
    const seconds = (performance.now() - started) / 1000;
    await eventually(isWhole);
    expect(told.length - before).toBeLessThanOrEqual(3 + seconds * 10 + 1);
  });
});
