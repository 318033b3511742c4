/** Where there is no back end nothing seems to be in force. */
import { replacement } from '@ringfence/firewall';
import { describe, expect, it } from 'vitest';
import { isWorthAnotherTry } from '../../agent/failure.js';
import { modelOf, unitOf } from '../../testing/models.js';
import type { NftTables } from '../nftables/nft-tables.js';
import type { Kernel } from '../port/kernel.port.js';
import { IptablesKernel } from './iptables-kernel.js';

describe('iptables', () => {
  it('says why it is not available, at once, and has nothing to take away', async () => {
    const kernel: Kernel & NftTables = new IptablesKernel();
    const change = replacement(undefined, modelOf(unitOf('full', {}), {}));
    const asked = [
      kernel.open('/run/netns/x'),
      kernel.look('/run/netns/x'),
      kernel.apply('/run/netns/x', change),
    ];
    for (const answer of await Promise.allSettled(asked)) {
      expect(answer).toMatchObject({
        reason: { code: 'not_available', message: expect.stringMatching(/^iptables is not/) as string },
      });
      expect(answer.status === 'rejected' && isWorthAnotherTry(answer.reason)).toBe(false);
    }
    expect(await kernel.disturbed()).toEqual([]);
    await kernel.remove('/run/netns/x');
    await kernel.drop('/run/netns/x', { family: 'inet', table: 'x' });
    await kernel.stop();
  });
});
