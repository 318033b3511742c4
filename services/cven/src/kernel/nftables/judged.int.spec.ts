/** What a judging node says in the DSCP of a connection's packets: a Pod hears its two words in either family, and no others. */
import { changeBetween } from '@ringfence/firewall';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { frame, udp } from '../../testing/frames.js';
import { allow, modelOf, unitOf } from '../../testing/models.js';
import { compiledHelper, openTestbed, peerAddress, POD } from '../../testing/testbed.js';
import type { Testbed } from '../../testing/testbed.js';
import { HelperKernel } from './helper-kernel.js';

const PORT = 7001;
/** Whoever says something says it from a port of its own. */
const FROM_PORT = 40_000;
const WORDS = Array.from({ length: 64 }, (_, dscp) => dscp);
const [ALLOWED, FORWARDED] = [43, 47];
const NODE = 10;
const OTHER = 11;

/** Behind our own chain. */
const PASSED = `table inet passed {
  set ports { type inet_service; flags dynamic; size 64; }
  chain in {
    type filter hook input priority 500;
    udp dport ${PORT} update @ports { udp sport }
  }
}`;

describe.each([4, 6] as const)('the word of a judging node, IPv%s', (family) => {
  let bed: Testbed;
  let kernel: HelperKernel;

  beforeAll(async () => {
    bed = openTestbed();
    kernel = new HelperKernel({ entry: compiledHelper() });
    await kernel.run(bed.netns, PASSED);
  });
  afterAll(async () => {
    await kernel.stop();
    await bed.close();
  });

  const heard = async (from: number, allowed: readonly number[]): Promise<number[]> => {
    const rules = { ingress: [allow([1], { proto: 17, from: PORT })] };
    const [members, judging] = [allowed.map((n) => peerAddress(n, family)), peerAddress(NODE, family)];
    await kernel.remove(bed.netns);
    const change = changeBetween(
      undefined,
      modelOf(unitOf('full', rules), { 1: members, 2: [judging] }, [2]),
    );
    if (change !== 'nothing') await kernel.apply(bed.netns, change);
    bed.pod('nft', 'flush', 'set', 'inet', 'passed', 'ports');
    bed.pod('conntrack', '-F');
    const mac = (text: string): string => /link\/ether (\S+)/.exec(text)?.[1]?.replaceAll(':', '') ?? '';
    const macs = {
      to: mac(bed.pod('ip', 'link', 'show', 'eth0')),
      from: mac(bed.pod('nsenter', `--net=${bed.world}`, 'ip', 'link', 'show', 'eth0')),
    };
    for (const dscp of WORDS) {
      const ends = {
        from: peerAddress(from, family),
        to: POD[family],
        fromPort: FROM_PORT + dscp,
        toPort: PORT,
      };
      await bed.inWorld.run('frame', { device: 'eth0', hex: frame(macs, udp({ ...ends, dscp })) });
    }
    const listing = bed.pod('nft', 'list', 'set', 'inet', 'passed', 'ports');
    const elements = /elements = \{([^}]*)\}/.exec(listing)?.[1] ?? '';
    return [...elements.matchAll(/\d+/g)].map(([port]) => Number(port) - FROM_PORT).sort((a, b) => a - b);
  };

  it('lets in whom the node has allowed, and nobody else whom the policy does not', async () => {
    expect(await heard(NODE, [])).toEqual([ALLOWED]);
  });

  it('takes from what was only forwarded the right that the node itself has', async () => {
    expect(await heard(NODE, [NODE])).toEqual(WORDS.filter((word) => word !== FORWARDED));
  });

  it('of anybody else is none', async () => {
    expect(await heard(OTHER, [])).toEqual([]);
    expect(await heard(OTHER, [OTHER])).toEqual(WORDS);
  });
});
