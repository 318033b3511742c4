/** What the helper says to the kernel by itself is what nft would have said, to the last expression. */
import { execFileSync } from 'node:child_process';
import { changeBetween, renderChange, renderTable, rotation } from '@ringfence/firewall';
import type { FirewallModel } from '@ringfence/firewall';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { allow, modelOf, unitOf } from '../../testing/models.js';
import { compiledHelper, openTestbed } from '../../testing/testbed.js';
import type { Testbed } from '../../testing/testbed.js';
import { HelperKernel } from './helper-kernel.js';

const rules = {
  ingress: [allow([1], { proto: 6, from: 80 }), allow([2, 3], { proto: 6, from: 81 })],
  egress: [allow([3], { proto: 17, from: 53 })],
};
const address = fc.constantFrom(
  '10.0.0.1',
  '10.255.0.2',
  '192.168.0.3',
  '::1',
  'fd00::1',
  '2001:db8:0:1::',
  '2001:db8:1:2:3:4:5:6',
  'fd00::abcd:0:1',
);
const members = fc.array(address, { maxLength: 6 }).map((list) => [...new Set(list)]);
const model = fc
  .tuple(members, members, members)
  .map(([a, b, c]) => modelOf(unitOf('full', rules), { 1: a, 2: ['10.9.9.9', 'fd00::9', ...b], 3: c }));

/** A hash table has its elements in any order, and the kernel sends packets of its own, which are counted. */
const inOrder = (listing: string): string =>
  listing
    .replaceAll(/packets \d+ bytes \d+/g, 'counted')
    .replaceAll(/(?:^\telement .*\n)+/gm, (elements) => elements.split('\n').sort().join('\n'))
    .replaceAll(/elements = \{([^}]*)\}/g, (_, elements: string) =>
      elements
        .split(',')
        .map((each) => each.trim())
        .sort()
        .join(),
    );

describe('a change that needs no libnftables', () => {
  let [bed, reference]: Testbed[] = [];
  let kernel: HelperKernel;

  beforeAll(() => {
    [bed, reference] = [openTestbed(), openTestbed()];
    kernel = new HelperKernel({ entry: compiledHelper() });
  });
  afterAll(async () => {
    await kernel.stop();
    await bed?.close();
    await reference?.close();
  });

  const listing = (of: Testbed): string =>
    inOrder(of.pod('nft', '--debug=netlink', 'list', 'table', 'inet', 'ringfence'));
  const say = async (script: string): Promise<void> => {
    if (bed === undefined || reference === undefined) throw new Error('no test bed');
    await kernel.run(bed.netns, script);
    execFileSync('nsenter', [`--net=${reference.netns}`, 'nft', '-f', '-'], { input: script });
    expect(listing(bed)).toEqual(listing(reference));
  };

  it('leaves the table as nft would have left it', async () => {
    for (const models of fc.sample(fc.array(model, { minLength: 3, maxLength: 5 }), {
      numRuns: 8,
      seed: 5,
    })) {
      let current: FirewallModel | undefined;
      for (const desired of models) {
        if (current === undefined) await say(renderTable(desired));
        const change = changeBetween(current ?? desired, desired);
        if (change !== 'nothing') await say(renderChange(change));
        const next = rotation(change === 'nothing' ? desired : change.model);
        if (current !== undefined) await say(renderChange(next));
        current = current === undefined ? desired : next.model;
      }
    }
  });

  it('is whole or not at all, and refused in the words of nft', async () => {
    if (bed === undefined) throw new Error('no test bed');
    await say(renderTable(modelOf(unitOf('full', rules), { 1: ['10.0.0.1'] })));
    const before = listing(bed);
    const script = 'flush chain inet ringfence w_na\ndelete element inet ringfence c_in_4 { 10.0.0.7 }\n';
    await expect(kernel.run(bed.netns, script)).rejects.toMatchObject({
      code: 'script_refused',
      message: expect.stringContaining('No such file or directory') as string,
    });
    expect(listing(bed)).toEqual(before);
  });
});
