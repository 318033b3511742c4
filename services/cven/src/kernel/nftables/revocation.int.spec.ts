/** Live connections under a changing policy, on the real kernel: what is revoked dies, what is not never notices. */
import { changeBetween, replacement } from '@ringfence/firewall';
import type { FirewallModel } from '@ringfence/firewall';
import type { EnforcementMode } from '@ringfence/contracts';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { allow, modelOf, unitOf } from '../../testing/models.js';
import { compiledHelper, openTestbed, peerAddress, POD } from '../../testing/testbed.js';
import type { Testbed } from '../../testing/testbed.js';
import { HelperKernel } from './helper-kernel.js';

const ports = [
  { proto: 6, from: 7001 },
  { proto: 17, from: 7001 },
];
const policy = (inbound: number[], outbound: number[] = [], mode: EnforcementMode = 'full'): FirewallModel =>
  modelOf(unitOf(mode, { ingress: [allow([1], ...ports)], egress: [allow([2], ...ports)] }), {
    1: inbound.map((n) => peerAddress(n, 4)),
    2: outbound.map((n) => peerAddress(n, 4)),
  });

describe('a live connection', () => {
  let bed: Testbed;
  let kernel: HelperKernel;
  let current: FirewallModel;
  const become = async (desired: FirewallModel): Promise<void> => {
    const change = changeBetween(current, desired);
    if (change === 'nothing') return;
    await kernel.apply(bed.netns, change);
    current = change.model;
  };
  const inbound = (peer: number, extra: Record<string, unknown> = {}): Record<string, unknown> => ({
    from: peerAddress(peer, 4),
    to: POD[4],
    port: 7001,
    ...extra,
  });

  beforeAll(async () => {
    bed = openTestbed();
    kernel = new HelperKernel({ entry: compiledHelper() });
    await bed.inPod.run('listen', { host: POD[4], tcp: [7001], udp: [7001] });
    for (const n of [10, 11])
      await bed.inWorld.run('listen', { host: peerAddress(n, 4), tcp: [7001], udp: [7001] });
  });
  beforeEach(async () => {
    current = policy([10, 11], [10, 11]);
    await kernel.apply(bed.netns, replacement(undefined, current));
  });
  afterAll(async () => {
    await kernel.stop();
    await bed.close();
  });

  it('that is revoked dies in both directions, the other one goes on, and it recovers when it is allowed again', async () => {
    await bed.inWorld.run('tcp', inbound(10, { keep: 'a' }));
    await bed.inWorld.run('tcp', inbound(11, { keep: 'b' }));
    await bed.inWorld.run('tcp', inbound(10, { keep: 'pushed', send: 'push' }));
    await become(policy([11], [10, 11]));
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await Promise.all(['a', 'b'].map((name) => bed.inWorld.run('say', { name })))).toEqual([
      'closed',
      'open',
    ]);
    expect(await bed.inWorld.run('say', { name: 'pushed', text: '' })).toBe('closed');
    await become(policy([10, 11], [10, 11]));
    expect(await bed.inWorld.run('say', { name: 'a', timeoutMs: 5000 })).toBe('open');
    for (const name of ['a', 'b', 'pushed']) await bed.inWorld.run('drop', { name });
  });

  it('that the Pod opened dies too when it is revoked', async () => {
    for (const n of [10, 11])
      await bed.inPod.run('tcp', { from: POD[4], to: peerAddress(n, 4), port: 7001, keep: `out${n}` });
    await become(policy([10, 11], [11]));
    expect(await Promise.all([10, 11].map((n) => bed.inPod.run('say', { name: `out${n}` })))).toEqual([
      'closed',
      'open',
    ]);
    for (const n of [10, 11]) await bed.inPod.run('drop', { name: `out${n}` });
  });

  it('cannot come back with the same source port after the server reset it', async () => {
    await bed.inWorld.run('tcp', inbound(10, { sourcePort: 40_123, send: 'reset' }));
    expect(await bed.inWorld.run('tcp', inbound(10, { sourcePort: 40_123 }))).toBe('open');
    await bed.inWorld.run('tcp', inbound(10, { sourcePort: 40_124, send: 'reset' }));
    await become(policy([11]));
    expect(await bed.inWorld.run('tcp', inbound(10, { sourcePort: 40_124 }))).toBe('closed');
  });

  it('survives changes of mode while it stays allowed, and dies at the one that forbids it', async () => {
    await bed.inWorld.run('tcp', inbound(10, { keep: 'm' }));
    for (const mode of ['visibility_only', 'selective', 'full'] as const) {
      await become(policy([10], [], mode));
      expect(await bed.inWorld.run('say', { name: 'm' })).toBe('open');
    }
    await become(policy([], [], 'visibility_only'));
    expect(await bed.inWorld.run('say', { name: 'm' })).toBe('open');
    await become(policy([], [], 'full'));
    expect(await bed.inWorld.run('say', { name: 'm' })).toBe('closed');
    await bed.inWorld.run('drop', { name: 'm' });
  });

  it('loses no packet and leaks none under hundreds of changes', async () => {
    // Counted before ours (what arrived) and behind ours (what passed), by sender.
    bed.pod(
      'nft',
      `table inet probe {
      chain before { type filter hook input priority -400; ip saddr ${peerAddress(10, 4)} udp dport 7001 counter; ip saddr ${peerAddress(12, 4)} udp dport 7001 counter; }
      chain behind { type filter hook input priority 500; ip saddr ${peerAddress(10, 4)} udp dport 7001 counter; ip saddr ${peerAddress(12, 4)} udp dport 7001 counter; }
    }`,
    );
    let running = true;
    const flood = async (peer: number): Promise<void> => {
      while (running) await bed.inWorld.run('flood', inbound(peer, { count: 2000 }));
    };
    const floods = [flood(10), flood(12)];
    const others = Array.from({ length: 500 }, (_, i) => `10.99.${i >> 8}.${i & 255}`);
    for (let i = 0; i < 300; i += 1) {
      const extra = others.slice(0, i % 2 === 0 ? 500 : 250);
      const base = policy(i % 3 === 0 ? [10, 11] : [10], [11]);
      const peers = modelOf(unitOf('full', { ingress: [allow([1], ...ports)] }), {
        1: [peerAddress(10, 4), ...extra],
      });
      if (i % 10 === 9)
        await kernel.apply(
          bed.netns,
          replacement(undefined, (current = { ...peers, generation: current.generation })),
        );
      else await become(i % 2 === 0 ? base : peers);
    }
    running = false;
    await Promise.all(floods);
    const packets = [...bed.pod('nft', 'list', 'table', 'inet', 'probe').matchAll(/packets (\d+)/g)].map(
      (match) => Number(match[1]),
    );
    bed.pod('nft', 'delete', 'table', 'inet', 'probe');
    const [allowedSent = 0, forbiddenSent = 0, allowedPassed = 0, forbiddenPassed = 0] = packets;
    expect(allowedSent).toBeGreaterThan(5000);
    expect(forbiddenSent).toBeGreaterThan(5000);
    expect({ lost: allowedSent - allowedPassed, leaked: forbiddenPassed }).toEqual({ lost: 0, leaked: 0 });
  });
});
