/** What every implementation of the kernel port promises; run on the real kernel by `kernel.int.spec.ts`. */
import { existsSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { changeBetween, replacement, rotation } from '@ringfence/firewall';
import type { Change, FirewallModel } from '@ringfence/firewall';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { allow, modelOf, unitOf } from './models.js';
import { openTestbed, peerAddress, POD } from './testbed.js';
import type { Testbed } from './testbed.js';
import type { NftTables } from '../kernel/nftables/nft-tables.js';
import type { Kernel } from '../kernel/port/kernel.port.js';

const web = (n: readonly number[]): FirewallModel =>
  modelOf(
    unitOf('full', {
      ingress: [allow([1], { proto: 6, from: 7001 }, { proto: 17, from: 7001 }, { proto: 1 }, { proto: 58 })],
    }),
    {
      1: n.flatMap((each) => [peerAddress(each, 4), peerAddress(each, 6)]),
    },
  );

const whole = (model: FirewallModel): Change => replacement(undefined, model);

export function kernelSuite(name: string, make: () => Kernel & NftTables): void {
  describe(name, () => {
    let bed: Testbed;
    let kernel: Kernel & NftTables;

    beforeAll(async () => {
      bed = openTestbed();
      kernel = make();
      for (const family of [4, 6] as const)
        await bed.inPod.run('listen', { host: POD[family], tcp: [7001, 7002], udp: [7001] });
    });
    afterEach(async () => {
      await kernel.remove(bed.netns);
      bed.pod('conntrack', '-F');
    });
    afterAll(async () => {
      await kernel.stop();
      await bed.close();
    });

    it('applies a script whole or not at all', async () => {
      await kernel.open(bed.netns);
      expect(await kernel.look(bed.netns)).toBeUndefined();
      await kernel.apply(bed.netns, whole(web([10])));
      const found = await kernel.look(bed.netns);
      expect(found?.contents).toMatchObject({ kind: 'pod', mode: 'full', generation: 1, half: 0 });
      const broken =
        'add element inet ringfence c_in_4 { 10.77.0.99 : 1:1 }\nadd element inet ringfence no_such_set { 10.0.0.1 }\n';
      await expect(kernel.run(bed.netns, broken)).rejects.toMatchObject({ code: 'script_refused' });
      expect(await kernel.look(bed.netns)).toEqual(found);
    });

    it('says so when a namespace is gone', async () => {
      await expect(kernel.open('/run/netns/rfp-none')).rejects.toMatchObject({ code: 'namespace_gone' });
    });

    it('counts every flow once, by verdict and direction, across a rotation', async () => {
      let model = web([10]);
      await kernel.apply(bed.netns, whole(model));
      const connect = async (peer: number, family: 4 | 6, times: number): Promise<void> => {
        for (let i = 0; i < times; i += 1)
          await bed.inWorld.run('tcp', {
            from: peerAddress(peer, family),
            to: POD[family],
            port: 7001,
            timeoutMs: 250,
          });
      };
      await connect(10, 4, 3);
      await connect(10, 6, 2);
      await connect(11, 4, 1);
      await bed.inWorld.run('flood', {
        from: peerAddress(10, 4),
        to: POD[4],
        port: 7001,
        count: 7,
        gapMs: 5,
        size: 100,
      });
      execFileSync('nsenter', [
        `--net=${bed.world}`,
        'busybox',
        'ping',
        '-c',
        '2',
        '-i',
        '0.2',
        '-I',
        peerAddress(10, 4),
        POD[4],
      ]);
      const rotated = rotation(model);
      await kernel.apply(bed.netns, rotated);
      const first = (await kernel.readFlows(bed.netns, model.half)).tables;
      model = rotated.model;
      const key = (peer: number, family: 4 | 6, proto: number, port = 7001): unknown[] => [
        peerAddress(peer, family),
        POD[family],
        proto,
        port,
      ];
      const count = (rows: readonly (readonly unknown[])[], wanted: unknown[]): unknown =>
        rows.find((row) => JSON.stringify(row.slice(0, 4)) === JSON.stringify(wanted))?.[4] ?? 0;
      expect(count(first.na, key(10, 4, 6))).toBe(3);
      expect(count(first.na, key(10, 6, 6))).toBe(2);
      expect(count(first.nb, key(11, 4, 6))).toBeGreaterThan(0);
      expect(count(first.na, key(10, 4, 1, 2048))).toBe(1);
      // The first datagrams are "new" until the echo leaves; then both directions are counted as bytes.
      const udp = key(10, 4, 17);
      expect(Number(count(first.na, udp)) + Number(count(first.bo, udp))).toBe(7);
      expect(count(first.br, udp)).toBeGreaterThan(0);
      expect(first.np).toEqual([]);
      await connect(10, 4, 4);
      const second = rotation(model);
      await kernel.apply(bed.netns, second);
      const { tables, overflow } = await kernel.readFlows(bed.netns, model.half);
      expect(count(tables.na, key(10, 4, 6))).toBe(4);
      expect(overflow).toBe(0);
    });

    it('tells once that somebody else changed rules, and never about itself', async () => {
      await kernel.apply(bed.netns, whole(web([10])));
      expect(await kernel.disturbed()).toEqual([]);
      bed.pod('nft', 'delete element inet ringfence c_in_4 { 10.77.0.10 }');
      expect(await kernel.disturbed()).toEqual([bed.netns]);
      expect(await kernel.disturbed()).toEqual([]);
      bed.pod('nft', 'flush chain inet ringfence p_in');
      expect((await kernel.apply(bed.netns, whole(web([10])))).disturbed).toBe(true);
      expect((await kernel.apply(bed.netns, whole(web([11])))).disturbed).toBe(false);
    });

    it('lists for later comparison only what nobody else has touched', async () => {
      await kernel.apply(bed.netns, whole(web([10])));
      const own = await kernel.lookAtOwn(bed.netns);
      expect(own).toEqual(await kernel.look(bed.netns));
      bed.pod('nft', 'flush chain inet ringfence p_in');
      expect(await kernel.lookAtOwn(bed.netns)).toBeUndefined();
      await kernel.apply(bed.netns, whole(web([10])));
      expect(await kernel.lookAtOwn(bed.netns)).toEqual(own);
    });

    it('does not take flows for tampering', async () => {
      await kernel.apply(bed.netns, whole(web([10])));
      const before = await kernel.look(bed.netns);
      for (const peer of [10, 11])
        await bed.inWorld.run('tcp', { from: peerAddress(peer, 4), to: POD[4], port: 7001, timeoutMs: 100 });
      expect(await kernel.look(bed.netns)).toEqual(before);
    });

    it('adopts connections that are older than the table in their true direction', async () => {
      const to = { from: peerAddress(10, 4), to: POD[4], port: 7001 };
      await bed.inWorld.run('tcp', { ...to, keep: 'older', send: 'push' });
      expect(await kernel.adoptConnections(bed.netns)).toBe(1);
      await kernel.trackLiberally(bed.netns);
      const visible = modelOf({ ...unitOf('visibility_only', {}) }, {});
      await kernel.apply(bed.netns, whole(visible));
      expect(await bed.inWorld.run('say', { name: 'older', text: '' })).toBe('open');
      const enforced = changeBetween(visible, web([10]));
      if (enforced === 'nothing') throw new Error('expected a change');
      await kernel.apply(bed.netns, enforced);
      for (let i = 0; i < 3; i += 1)
        expect(await bed.inWorld.run('say', { name: 'older', text: i === 1 ? 'x' : '' })).toBe('open');
      await bed.inWorld.run('drop', { name: 'older' });
    });

    it('clears our marks so that every connection is judged again, and an allowed one lives on', async () => {
      await kernel.apply(bed.netns, whole(web([10])));
      await bed.inWorld.run('tcp', { from: peerAddress(10, 4), to: POD[4], port: 7001, keep: 'marked' });
      expect(bed.pod('conntrack', '-L')).toContain(`mark=${0x10000}`);
      await kernel.clearMarks(bed.netns);
      expect(bed.pod('conntrack', '-L')).not.toContain(`mark=${0x10000}`);
      expect(await bed.inWorld.run('say', { name: 'marked' })).toBe('open');
      expect(bed.pod('conntrack', '-L')).toContain(`mark=${0x10000}`);
      await bed.inWorld.run('drop', { name: 'marked' });
    });

    it('lets go of a namespace when it is closed', async () => {
      execFileSync('ip', ['netns', 'add', 'rfp-closing']);
      const path = '/run/netns/rfp-closing';
      // A veth end dies with its namespace: the other end shows whether anything kept it alive.
      execFileSync('ip', [
        'link',
        'add',
        'rf-closing',
        'type',
        'veth',
        'peer',
        'name',
        'eth0',
        'netns',
        'rfp-closing',
      ]);
      await kernel.open(path);
      await kernel.apply(path, whole(web([10])));
      execFileSync('ip', ['netns', 'del', 'rfp-closing']);
      await kernel.close(path);
      const deadline = Date.now() + 3000;
      while (existsSync('/sys/class/net/rf-closing') && Date.now() < deadline)
        await new Promise((resolve) => setTimeout(resolve, 20));
      expect(existsSync('/sys/class/net/rf-closing')).toBe(false);
    });
  });
}
