/** What no rule speaks of, because the link or a connection needs it, carries nothing else past the rules. */
import { changeBetween } from '@ringfence/firewall';
import type { FirewallModel } from '@ringfence/firewall';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { allow, modelOf, unitOf } from '../../testing/models.js';
import { compiledHelper, openTestbed, peerAddress, POD } from '../../testing/testbed.js';
import type { Testbed } from '../../testing/testbed.js';
import { HelperKernel } from './helper-kernel.js';

const IN = nftChain('input');
const OUT = nftChain('output');
function nftChain(hook: string): (priority: number, rules: string) => string {
  return (priority, rules) => `chain ${hook} { type filter hook ${hook} priority ${priority}; ${rules}; }`;
}

describe('beside the policy of a Pod in full', () => {
  let bed: Testbed;
  let kernel: HelperKernel;
  let current: FirewallModel | undefined;
  const enforce = async (peers: readonly number[]): Promise<void> => {
    const unit = unitOf('full', { ingress: [allow([1], { proto: 6, from: 7001 })] });
    const change = changeBetween(current, modelOf(unit, { 1: peers.map((n) => peerAddress(n, 4)) }));
    if (change === 'nothing') return;
    await kernel.apply(bed.netns, change);
    current = change.model;
  };
  const during = async (tables: Readonly<Record<'pod' | 'world', string>>, act: () => Promise<unknown>) => {
    const nft = (script: Readonly<Record<'pod' | 'world', string>>): string =>
      [bed.netns, bed.world].map((path, i) => nftIn(bed, path, i === 0 ? script.pod : script.world)).join('');
    nft({ pod: `table inet test { ${tables.pod}; }`, world: `table inet test { ${tables.world}; }` });
    try {
      await act();
      return Number(/hits.*?packets (\d+)/s.exec(nft({ pod: 'list counters', world: 'list counters' }))?.[1]);
    } finally {
      nft({ pod: 'delete table inet test', world: 'delete table inet test' });
    }
  };

  beforeAll(async () => {
    bed = openTestbed();
    kernel = new HelperKernel({ entry: compiledHelper() });
    await bed.inPod.run('listen', { host: POD[4], tcp: [7001] });
  });
  beforeEach(() => enforce([10]));
  afterAll(async () => {
    await kernel.stop();
    await bed.close();
  });

  it('errors about a connection pass while it is allowed, and not once it is revoked', async () => {
    const call = { from: peerAddress(10, 4), to: POD[4], port: 7001, keep: 'one' };
    expect(await bed.inWorld.run('tcp', call)).toBe('open');
    // The Pod's own kernel refuses what comes, with an error that quotes the connection.
    const tables = {
      pod: IN(-300, 'tcp dport 7001 reject with icmp type port-unreachable'),
      world: `counter hits { }; ${IN(0, 'icmp type destination-unreachable counter name hits')}`,
    };
    const say = () => bed.inWorld.run('say', { name: 'one' });
    expect(await during(tables, say)).toBeGreaterThan(0);
    await enforce([]);
    expect(await during(tables, say)).toBe(0);
    await bed.inWorld.run('drop', { name: 'one' });
  });

  it('a proxy in the Pod is reached by the port that was called, and by no other', async () => {
    await bed.inPod.run('listen', { host: POD[4], tcp: [7005] });
    const calls = (port: number) => bed.inWorld.run('tcp', { from: peerAddress(10, 4), to: POD[4], port });
    nftIn(
      bed,
      bed.netns,
      'table ip mesh { chain pre { type nat hook prerouting priority -100; tcp dport { 7001, 7002 } redirect to :7005; }; }',
    );
    try {
      expect([await calls(7001), await calls(7002), await calls(7005)]).toEqual(['open', 'closed', 'closed']);
    } finally {
      nftIn(bed, bed.netns, 'delete table ip mesh');
    }
  });

  it('neighbour discovery passes on its link, and not as what a router has forwarded', async () => {
    const resolve = async (): Promise<void> => {
      await bed.inWorld.run('udp', { from: peerAddress(10, 6), to: POD[6], port: 7001, timeoutMs: 300 });
    };
    const forget = (): void => void bed.pod('ip', '-6', 'neigh', 'flush', 'all');
    const solicited = `counter hits { }; ${IN(0, 'icmpv6 type nd-neighbor-solicit counter name hits')}`;
    const hop = (limit: string): string => OUT(0, `icmpv6 type nd-neighbor-solicit ${limit} accept`);
    forget();
    flushWorld(bed);
    expect(await during({ pod: solicited, world: hop('') }, resolve)).toBeGreaterThan(0);
    flushWorld(bed);
    expect(await during({ pod: solicited, world: hop('ip6 hoplimit set 254') }, resolve)).toBe(0);
  });
});

function nftIn(bed: Testbed, netns: string, script: string): string {
  return bed.pod('nsenter', `--net=${netns}`, 'nft', script);
}

function flushWorld(bed: Testbed): void {
  bed.pod('nsenter', `--net=${bed.world}`, 'ip', '-6', 'neigh', 'flush', 'all');
}
