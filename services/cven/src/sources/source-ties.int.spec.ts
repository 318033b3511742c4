/** Nobody on a node sends under the address of another, or speaks as a node: real packets, past the sender's own rules. */
import { buildModel, peerSet, replacement } from '@ringfence/firewall';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { HelperKernel } from '../kernel/nftables/helper-kernel.js';
import { SpawnedKernel } from '../kernel/nftables/spawned-kernel.js';
import { frame, neighbourSolicitation, udp, vxlan } from '../testing/frames.js';
import { group, unitOf } from '../testing/models.js';
import { addressOf, LINK_6, NODE, openPodsBed, OTHER_NODE, POD_PARTS } from '../testing/pods-bed.js';
import type { PodPart, PodsBed, PodsPart } from '../testing/pods-bed.js';
import { compiledHelper } from '../testing/testbed.js';
import { SourceTies } from './source-ties.js';
import type { SourceTiesOptions } from './source-ties.js';

const [PORT, MARK] = [7001, 43];
const TARGET = 'db';
const TUNNEL = 8472;
/** Of the node and of another, and a Service that leads to the other's. */
const TUNNEL_ENDS = [
  { family: 4, own: NODE[4], other: OTHER_NODE, service: '10.96.0.9', to: `${OTHER_NODE}:${TUNNEL}` },
  { family: 6, ...LINK_6, service: 'fd96::9', to: `[${LINK_6.other}]:${TUNNEL}` },
] as const;
const HEARD = `table inet heard {
  counter heard { }
  counter marked { }
  chain in {
    type filter hook prerouting priority -400;
    udp dport { ${PORT}, 67 } counter name "heard"
    ip dscp ${MARK} counter name "marked"
    ip6 dscp ${MARK} counter name "marked"
    icmpv6 type nd-neighbor-solicit ip6 daddr ff02::1:ff00:99 counter name "heard"
  }
}`;

for (const kind of ['routed', 'bridged'] as const)
  for (const kernelName of kind === 'routed' ? (['helper', 'spawned'] as const) : (['helper'] as const))
    describe(`Pods that are ${kind}, with the ${kernelName} kernel`, () => {
      let bed: PodsBed;
      let kernel: HelperKernel | SpawnedKernel;
      let ties: SourceTies | undefined;
      let isUnpaired = false;
      let forged = 0;

      beforeAll(() => {
        bed = openPodsBed(kind);
        kernel =
          kernelName === 'helper' ? new HelperKernel({ entry: compiledHelper() }) : new SpawnedKernel();
        bed.nft(TARGET, HEARD);
      });
      afterEach(async () => {
        isUnpaired = true;
        await ties?.look();
        isUnpaired = false;
        await kernel.remove(bed.path('node'));
      });
      afterAll(async () => {
        await kernel.stop();
        await bed.close();
      });

      const newTies = (options: Partial<SourceTiesOptions> = {}): SourceTies =>
        new SourceTies({
          kernel: () => kernel,
          netns: bed.path('node'),
          isWanted: () => true,
          isUnpaired: () => isUnpaired,
          freeNamespaces: [],
          hostAddresses: () => [NODE[4], LINK_6.own],
          cluster: () => ['10.83.0.0/24', OTHER_NODE, LINK_6.other],
          nodes: () => [NODE[4], OTHER_NODE, LINK_6.own, LINK_6.other],
          onChange: () => undefined,
          onForged: (packets) => {
            forged += packets;
          },
          onError: (error) => {
            throw error;
          },
          ...options,
        });
      const tie = async (
        pods: readonly PodPart[],
        options: Partial<SourceTiesOptions> = {},
      ): Promise<void> => {
        ties = newTies(options);
        for (const pod of pods) ties.seen(sandbox(pod));
        ties.listed();
        await ties.look();
        expect(ties.trouble).toBeUndefined();
      };
      const sandbox = (pod: PodPart) => ({
        id: pod,
        podUid: pod,
        namespace: pod === 'web' ? 'unmanaged' : 'shop',
        name: pod,
        netns: bed.path(pod),
        addresses: [addressOf(pod), addressOf(pod, 6)],
      });
      const packets = (part: PodsPart, counter: 'heard' | 'marked') =>
        kernel.packets(bed.path(part), { family: 'inet', table: 'heard', name: counter });
      /** Whether the packet reaches the target, and whether a node's word is still in it. */
      const arrives = async (
        from: PodsPart,
        packet: Buffer,
        options: Parameters<PodsBed['send']>[2] = {},
      ): Promise<{ there: boolean; marked: boolean }> => {
        const before = [await packets(TARGET, 'heard'), await packets(TARGET, 'marked')];
        await bed.send(from, packet, options);
        // What is sent is there or dropped when the call that sent it is done: a veth has no queue of its own.
        const after = [await packets(TARGET, 'heard'), await packets(TARGET, 'marked')];
        return { there: after[0] !== before[0], marked: after[1] !== before[1] };
      };
      const as = (from: string, more: { dscp?: number } = {}): Buffer =>
        udp({ from, to: addressOf(TARGET, from.includes(':') ? 6 : 4), toPort: PORT, ...more });

      it('send under their own addresses and no other, managed or not', async () => {
        expect((await arrives('web', as('192.0.2.1'))).there).toBe(true);
        await tie(POD_PARTS);
        for (const family of [4, 6] as const) {
          expect((await arrives('web', as(addressOf('web', family)))).there).toBe(true);
          expect((await arrives('web', as(addressOf('late', family)))).there).toBe(false);
        }
        for (const other of [OTHER_NODE, NODE[4], '192.0.2.1', '0.0.0.0'])
          expect((await arrives('web', as(other))).there).toBe(false);
        await ties?.look();
        expect(forged).toBeGreaterThanOrEqual(6);
      });

      it('say nothing in the name of a node, and a node is still heard', async () => {
        await tie(['db']);
        await kernel.apply(bed.path('node'), replacement(undefined, judgingNode()));
        for (const who of [addressOf('web'), OTHER_NODE])
          expect((await arrives('web', as(who, { dscp: MARK }))).marked).toBe(false);
        expect((await arrives('other', as(OTHER_NODE, { dscp: MARK }))).marked).toBe(true);
      });

      it('have no address of a neighbour before they are known themselves', async () => {
        await tie(['web', 'db']);
        expect((await arrives('late', as(addressOf('late')))).there).toBe(true);
        expect((await arrives('late', as(addressOf('web')))).there).toBe(false);
        expect((await arrives('late', as(NODE[4]))).there).toBe(false);
      });

      it.runIf(kind === 'routed')('have the address of a Pod that ended while no agent runs', async () => {
        await tie(['web', 'db']);
        const route = (device: PodPart): void => {
          for (const family of [4, 6] as const)
            bed.ip('node', `-${family}`, 'route', 'replace', addressOf('web', family), 'dev', device);
        };
        route('late');
        for (const family of [4, 6] as const)
          expect((await arrives('late', as(addressOf('web', family)))).there).toBe(true);
        route('web');
        expect((await arrives('late', as(addressOf('web')))).there).toBe(false);
      });

      for (const { family, own, other, service, to } of TUNNEL_ENDS)
        it.runIf(kind === 'routed')(
          `put nothing into the tunnels of nodes, in which nobody asks who sends: by IPv${family}`,
          async () => {
            const [web, port] = [addressOf('web', family), String(TUNNEL)];
            bed.ip('node', 'link', 'add', 'vx', 'type', 'vxlan', 'id', '1', 'local', own, 'dstport', port);
            bed.ip('node', 'link', 'set', 'vx', 'up');
            const mac = /link\/ether (\S+)/.exec(bed.ip('node', 'link', 'show', 'vx'))?.[1] ?? '';
            const table = family === 4 ? 'ip' : 'ip6';
            bed.nft(
              'node',
              `table ${table} services { chain to { type nat hook prerouting priority -100;
          ${table} daddr ${service} udp dport 53 dnat to ${to}; }; }`,
            );
            bed.nft('other', HEARD.replace(`{ ${PORT}, 67 }`, `{ ${PORT}, ${TUNNEL} }`));
            const inner = frame({ to: mac.replaceAll(':', ''), from: '020000000001' }, as(addressOf('late')));
            const into = (from: string): Buffer => udp({ from, to: own, toPort: TUNNEL }, vxlan(inner));
            const toOther = async (address: string, toPort: number): Promise<boolean> => {
              const before = await packets('other', 'heard');
              await bed.send('web', udp({ from: web, to: address, toPort }));
              return (await packets('other', 'heard')) !== before;
            };
            try {
              expect((await arrives('web', into(web))).there).toBe(true);
              expect(await toOther(other, TUNNEL)).toBe(true);
              await tie(POD_PARTS);
              expect((await arrives('web', into(web))).there).toBe(false);
              expect(await toOther(other, TUNNEL)).toBe(false);
              expect(await toOther(service, 53)).toBe(false);
              expect(await toOther(other, PORT)).toBe(true);
              expect((await arrives('other', into(other))).there).toBe(true);
            } finally {
              bed.ip('node', 'link', 'del', 'vx');
              bed.nft('node', `delete table ${table} services`);
              bed.nft('other', 'delete table inet heard');
            }
          },
        );

      it.runIf(kind === 'bridged')('look for their addresses, and for neighbours', async () => {
        await tie(POD_PARTS);
        const search = { to: 'ff02::1:ff00:99', hopLimit: 255 };
        for (const from of ['::', 'fe80::1'])
          expect((await arrives('web', neighbourSolicitation({ ...search, from }))).there).toBe(true);
        const request = udp({ from: '0.0.0.0', to: '255.255.255.255', fromPort: 68, toPort: 67 });
        expect((await arrives('web', request)).there).toBe(true);
      });

      it.runIf(kind === 'bridged')('hide nothing behind a tag that the other end takes off', async () => {
        const tagged = { tags: ['81000000'] };
        expect((await arrives('web', as(addressOf('late')), tagged)).there).toBe(true);
        await tie(POD_PARTS);
        for (const tags of [['81000000'], ['81000000', '81000000'], ['88a80000', '81000000']])
          expect((await arrives('web', as(addressOf('late')), { tags })).there).toBe(false);
      });

      it('of several networks send what is not of the cluster', async () => {
        bed.ip(
          'node',
          'link',
          'add',
          'second',
          'type',
          'veth',
          'peer',
          'name',
          'eth1',
          'netns',
          bed.path('web'),
        );
        try {
          await tie(POD_PARTS);
          expect((await arrives('web', as('192.0.2.1'))).there).toBe(true);
          expect((await arrives('web', as(addressOf('late')))).there).toBe(false);
          expect((await arrives('web', as(OTHER_NODE))).there).toBe(false);
        } finally {
          bed.ip('node', 'link', 'del', 'second');
        }
        await ties?.look();
        expect((await arrives('web', as('192.0.2.1'))).there).toBe(false);
      });

      it('stay tied while the agent starts again, are tied again after a flush, and are let go with the node', async () => {
        await tie(POD_PARTS);
        ties = newTies();
        await ties.look();
        expect((await arrives('web', as(addressOf('late')))).there).toBe(false);
        bed.nft('node', `delete table inet ringfence_sources\ndelete table bridge ringfence_sources\n`);
        await tie(POD_PARTS);
        expect((await arrives('web', as(addressOf('late')))).there).toBe(false);
        isUnpaired = true;
        await ties.look();
        expect((await arrives('web', as('192.0.2.1'))).there).toBe(true);
      });

      it('are let go with the node also when the kernel does not answer at first', async () => {
        await tie(POD_PARTS);
        isUnpaired = true;
        const ended = new HelperKernel({ entry: compiledHelper() });
        await ended.stop();
        let way: HelperKernel | SpawnedKernel = ended;
        ties = newTies({ kernel: () => way, onError: () => undefined });
        await ties.look();
        expect(ties.isGone).toBe(false);
        way = kernel;
        await ties.look();
        expect(ties.isGone).toBe(true);
        expect((await arrives('web', as('192.0.2.1'))).there).toBe(true);
      });

      it('are not dropped where nothing blocks', async () => {
        await tie(POD_PARTS, { isWanted: () => false });
        expect((await arrives('web', as('192.0.2.1'))).there).toBe(true);
      });
    });

/** What the table of a node says of the other one. */
function judgingNode() {
  const find = () => peerSet([OTHER_NODE], []);
  return buildModel(unitOf('idle', {}), find, {
    kind: 'host',
    revision: 1,
    judging: [group(1)],
    guard: { targets: [], hairpins: [], podNetworks: [] },
  });
}
