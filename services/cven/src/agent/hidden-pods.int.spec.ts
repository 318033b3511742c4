/** A Pod that its node hides is not that node to another node: it may what everybody may whom it could be. */
import type { EnforcementMode, WireRule } from '@ringfence/contracts';
import { changeBetween } from '@ringfence/firewall';
import type { FirewallModel } from '@ringfence/firewall';
import { CLUSTER_NODES, JUDGING_NODES, POD_NETWORKS } from '@ringfence/policy-engine';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { DesiredTables } from '../domain/desired-tables.calculator.js';
import type { NodeFacts } from '../domain/host-essentials.js';
import { ViewState } from '../domain/view.state.js';
import { HelperKernel } from '../kernel/nftables/helper-kernel.js';
import { allow } from '../testing/models.js';
import { BETWEEN, openNodePortBed, POD_ADDRESS, POD_NETWORK, ROGUE } from '../testing/node-port-bed.js';
import type { BedPart, NodePortBed } from '../testing/node-port-bed.js';
import { compiledHelper } from '../testing/testbed.js';
import { groupOf, podEndpoint, podUnit, viewOf } from '../testing/views.js';

const HOST: NodeFacts = {
  ...{ control: [], dialled: [], resolvers: [], timeServers: [], links: [] },
  ...{ adminPorts: [{ port: 2222, cidrs: null }], managementPort: 0 },
};
const PORTS = { ssh: 2222, nodes: 9100, everybody: 9101, pods: 9102, aPod: 9103, apiServer: 6443 } as const;
type Port = keyof typeof PORTS;
const [NODES, EVERYBODY, PODS, A_POD] = [1, 2, 3, 4];
const NODES_SET = 9;
const ADDRESSES = { ingress: [BETWEEN.ingress], pods: [BETWEEN.pods] } as const;

const tcp = (port: Port) => ({ proto: 6, from: PORTS[port] });
const RULES: WireRule[] = [
  allow([NODES], tcp('nodes')),
  allow([EVERYBODY], tcp('everybody')),
  allow([PODS], tcp('pods')),
  allow([A_POD], tcp('aPod')),
];
interface World {
  readonly mode?: EnforcementMode;
  readonly ingress?: WireRule[];
}

/** The node's own table as its agent would load it. */
function tableOf(node: 'ingress' | 'pods', { mode = 'full', ingress = RULES }: World): FirewallModel {
  const view = new ViewState();
  view.setHostAddresses([...ADDRESSES[node]]);
  const endpoint = (name: 'ingress' | 'pods') =>
    podEndpoint(name, NODES_SET, {
      ...{ class: 'node', workload: name, node: name, addresses: [...ADDRESSES[name]] },
      mode: name === 'ingress' ? mode : 'idle',
    });
  const hosts = Object.values(ADDRESSES).flatMap((all) => all.map((address) => `${address}/32`));
  view.apply({
    ...viewOf({
      revision: 1,
      groups: [
        groupOf(NODES, [NODES_SET]),
        groupOf(EVERYBODY, [], { cidrs: ['0.0.0.0/0'] }),
        groupOf(PODS, [], { cidrs: ['10.79.0.0/16'] }),
        groupOf(A_POD, [1]),
        { ...groupOf(5, []), id: JUDGING_NODES, workloads: ['ingress', 'pods'] },
        { ...groupOf(6, [], { cidrs: [POD_NETWORK] }), id: POD_NETWORKS },
        { ...groupOf(7, [], { cidrs: hosts }), id: CLUSTER_NODES },
      ],
      endpoints: [
        endpoint('ingress'),
        endpoint('pods'),
        podEndpoint('web', 1, { addresses: [POD_ADDRESS], node: 'pods' }),
      ],
      units: [podUnit(NODES_SET, mode, { ingress })],
    }),
    apiServers: [{ address: BETWEEN.ingress, port: PORTS.apiServer }],
  });
  const table = new DesiredTables(view, () => HOST, 1)
    .compute([{ kind: 'host', id: 'host', netns: '', node }])
    .get('host');
  if (table === undefined || 'failed' in table) throw new Error('no table');
  return table.model;
}

describe('what a node hides from another node', () => {
  let bed: NodePortBed;
  let kernel: HelperKernel;
  const inForce = new Map<BedPart, FirewallModel>();

  beforeAll(async () => {
    bed = openNodePortBed();
    kernel = new HelperKernel({ entry: compiledHelper() });
    await bed.agent('ingress').run('listen', { host: BETWEEN.ingress, tcp: Object.values(PORTS) });
  });
  afterEach(async () => {
    for (const part of inForce.keys()) await kernel.remove(bed.path(part));
    inForce.clear();
  });
  afterAll(async () => {
    await kernel.stop();
    await bed.close();
  });

  const enforce = async (world: World = {}, nodes: readonly ('ingress' | 'pods')[] = ['pods', 'ingress']) => {
    for (const node of nodes) {
      const change = changeBetween(inForce.get(node), tableOf(node, world));
      if (change === 'nothing') continue;
      await kernel.apply(bed.path(node), change);
      inForce.set(node, change.model);
    }
  };
  const call = (part: BedPart, from: string, port: Port, more = {}): Promise<unknown> =>
    bed
      .agent(part)
      .run('tcp', { ...{ from, to: BETWEEN.ingress, port: PORTS[port], timeoutMs: 400 }, ...more });
  const openTo = async (part: BedPart, from: string): Promise<Port[]> => {
    const ports = Object.keys(PORTS) as Port[];
    const answers = await Promise.all(ports.map((port) => call(part, from, port)));
    return ports.filter((_, index) => answers[index] === 'open');
  };
  const asPod = (port: Port, more = {}) => call('pod', POD_ADDRESS, port, more);

  it('is no node to it: a Pod may there what all Pods may, and a stranger what everybody may', async () => {
    await enforce();
    expect(await openTo('pods', BETWEEN.pods)).toEqual(['ssh', 'nodes', 'everybody', 'apiServer']);
    expect(await openTo('pod', POD_ADDRESS)).toEqual(['everybody', 'pods', 'apiServer']);
    expect(await openTo('rogue', ROGUE.pod)).toEqual(['everybody', 'apiServer']);
  });

  it('stays what it is, whatever a Pod writes into its packets, and a process of the node cannot pass for a Pod', async () => {
    await enforce();
    const forgers = ['pod', 'rogue', 'pods'] as const;
    for (const word of [0, 43, 47, 51]) {
      const rule = `tcp dport { ${PORTS.nodes}, ${PORTS.pods} } ip dscp set ${word};`;
      for (const part of forgers)
        bed.nft(part, `table ip forge { chain out { type filter hook output priority -200; ${rule} }; }`);
      try {
        const seen = (['nodes', 'pods'] as const).map((port) =>
          Promise.all([asPod(port), call('rogue', ROGUE.pod, port), call('pods', BETWEEN.pods, port)]),
        );
        expect(await Promise.all(seen)).toEqual([
          ['closed', 'closed', 'open'],
          ['open', 'closed', 'closed'],
        ]);
      } finally {
        for (const part of forgers) bed.nft(part, 'delete table ip forge');
      }
    }
  });

  it('keeps a connection over changes of policy until it is revoked', async () => {
    await enforce();
    expect(await asPod('pods', { keep: 'held', send: 'push' })).toBe('open');
    const hears = (): Promise<unknown> =>
      bed.agent('pod').run('say', { name: 'held', text: '', timeoutMs: 400 });
    await enforce({ ingress: RULES.slice(1) });
    expect(await hears()).toBe('open');
    await enforce({ ingress: RULES.filter(({ peers }) => !peers.includes(RULES[2]!.peers[0]!)) });
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await hears()).toBe('closed');
    await bed.agent('pod').run('drop', { name: 'held' });
  });

  it('is let in while nothing is blocked', async () => {
    for (const mode of ['visibility_only', 'selective', 'idle'] as const) {
      await enforce({ mode });
      expect(await asPod('nodes')).toBe('open');
    }
  });
});
