/** What no rule of the policy speaks of must carry nothing for those whom the policy keeps apart: discovery, errors. */
import { changeBetween } from '@ringfence/firewall';
import type { FirewallModel } from '@ringfence/firewall';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { frame, listenerReport, neighbourSolicitation, portUnreachable, udp } from '../../testing/frames.js';
import { allow, modelOf, unitOf } from '../../testing/models.js';
import { compiledHelper, openTestbed, peerAddress, POD } from '../../testing/testbed.js';
import type { Testbed } from '../../testing/testbed.js';
import { HelperKernel } from './helper-kernel.js';

const PORT = 7001;
const FROM_PORT = 40_000;

/** Behind our own chain. */
const PASSED = `table inet passed {
  counter heard { }
  chain in {
    type filter hook input priority 500;
    icmp type destination-unreachable counter name "heard"
    icmpv6 type { nd-neighbor-solicit, mld-listener-report } ip6 saddr { ${peerAddress(10, 6)}, fe80::1 } counter name "heard"
  }
}`;

describe('past the policy', () => {
  let bed: Testbed;
  let kernel: HelperKernel;
  let current: FirewallModel | undefined;
  const macs = { pod: '', world: '' };

  beforeAll(async () => {
    bed = openTestbed();
    kernel = new HelperKernel({ entry: compiledHelper() });
    await kernel.run(bed.netns, PASSED);
    await bed.inPod.run('listen', { host: POD[4], udp: [PORT] });
    const mac = (text: string): string => /link\/ether (\S+)/.exec(text)?.[1]?.replaceAll(':', '') ?? '';
    macs.pod = mac(bed.pod('ip', 'link', 'show', 'eth0'));
    macs.world = mac(bed.pod('nsenter', `--net=${bed.world}`, 'ip', 'link', 'show', 'eth0'));
  });
  afterEach(async () => {
    await kernel.remove(bed.netns);
    current = undefined;
  });
  afterAll(async () => {
    await kernel.stop();
    await bed.close();
  });

  const enforce = async (peers: readonly string[]): Promise<void> => {
    const rules = { ingress: [allow([1], { proto: 17, from: PORT })] };
    const change = changeBetween(current, modelOf(unitOf('full', rules), { 1: peers }));
    if (change === 'nothing') return;
    await kernel.apply(bed.netns, change);
    current = change.model;
  };
  const passes = async (packet: Buffer): Promise<boolean> => {
    bed.pod('nft', 'reset', 'counters');
    await bed.inWorld.run('frame', {
      device: 'eth0',
      hex: frame({ to: macs.pod, from: macs.world }, packet),
    });
    return /packets ([1-9]\d*) bytes/.test(bed.pod('nft', 'list', 'counter', 'inet', 'passed', 'heard'));
  };

  it('an error carries something of a connection of the present policy, and nothing of a revoked one', async () => {
    const [peer, pod] = [peerAddress(10, 4), POD[4]];
    const sent = udp({ from: peer, to: pod, fromPort: FROM_PORT, toPort: PORT });
    const error = portUnreachable(
      { from: peer, to: pod },
      udp({ from: pod, to: peer, fromPort: PORT, toPort: FROM_PORT }, Buffer.from('a secret')),
    );
    await enforce([peer]);
    await bed.inWorld.run('frame', { device: 'eth0', hex: frame({ to: macs.pod, from: macs.world }, sent) });
    expect(await passes(error)).toBe(true);
    await enforce([peerAddress(11, 4)]);
    expect(await passes(error)).toBe(false);
  });

  it('neighbour discovery is of neighbours, listener reports of their link', async () => {
    const ends = { from: peerAddress(10, 6), to: POD[6] };
    await enforce([]);
    expect(await passes(neighbourSolicitation({ ...ends, hopLimit: 255 }))).toBe(true);
    expect(await passes(neighbourSolicitation({ ...ends, hopLimit: 64 }))).toBe(false);
    expect(await passes(listenerReport({ ...ends, from: 'fe80::1', hopLimit: 1 }))).toBe(true);
    expect(await passes(listenerReport({ ...ends, hopLimit: 1 }))).toBe(false);
    expect(await passes(listenerReport({ ...ends, from: 'fe80::1', hopLimit: 64 }))).toBe(false);
  });
});
