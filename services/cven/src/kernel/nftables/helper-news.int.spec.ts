/** Somebody else's changes of our table are told within moments, with what and who; our own never are. */
import { replacement } from '@ringfence/firewall';
import { eventually } from '@ringfence/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { allow, modelOf, unitOf } from '../../testing/models.js';
import { compiledHelper, openTestbed, peerAddress } from '../../testing/testbed.js';
import type { Testbed } from '../../testing/testbed.js';
import type { HelperNews } from './helper/protocol.js';
import { HelperKernel } from './helper-kernel.js';

describe('news of the kernel helper', () => {
  let bed: Testbed;
  let kernel: HelperKernel;
  const news: HelperNews[] = [];
  const web = (n: readonly number[]) =>
    modelOf(unitOf('full', { ingress: [allow([1], { proto: 6, from: 7001 })] }), {
      1: n.map((each) => peerAddress(each, 4)),
    });

  beforeAll(async () => {
    bed = openTestbed();
    kernel = new HelperKernel({ entry: compiledHelper(), onNews: (each) => news.push(each) });
    await kernel.open(bed.netns);
  });
  afterEach(() => {
    news.length = 0;
  });
  afterAll(async () => {
    await kernel.stop();
    await bed.close();
  });

  it.each([
    ['flush ruleset', 'table deleted'],
    ['delete table inet ringfence', 'table deleted'],
    ['flush chain inet ringfence p_in', 'rule deleted in p_in'],
    ['insert rule inet ringfence hook_in accept', 'rule added in hook_in'],
    ['add element inet ringfence c_in_4 { 10.0.0.9 : 1:1 }', 'element added in c_in_4'],
  ])('tell of "%s"', async (command, what) => {
    await kernel.apply(bed.netns, replacement(undefined, web([10])));
    bed.pod('nft', command);
    const [told] = await eventually(
      () => news,
      (all) => all.length > 0,
    );
    expect(told).toMatchObject({ news: 'tampered', netns: bed.netns });
    expect(told).toMatchObject({ what: expect.stringContaining(what) as string });
    expect(told).toMatchObject({ by: expect.stringMatching(/^nft \(process \d+\)$/) as string });
  });

  it('do not tell of our own changes, nor of what others do to tables of their own', async () => {
    for (const peers of [[10], [11], [12, 13]])
      await kernel.apply(bed.netns, replacement(undefined, web(peers)));
    bed.pod('nft', 'add table inet somebody');
    bed.pod('nft', 'delete table inet somebody');
    // What is told comes in order: this is the end of what was before it.
    bed.pod('nft', 'flush chain inet ringfence p_in');
    await eventually(() => news.length > 0);
    expect(news).toHaveLength(1);
  });
});
