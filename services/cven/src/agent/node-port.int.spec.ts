/** Who is hidden behind a node's address is judged there as the one it is, by the policy of a Pod on another node. */
import type { EnforcementMode, Unit } from '@ringfence/contracts';
import { changeBetween } from '@ringfence/firewall';
import type { FirewallModel } from '@ringfence/firewall';
import { JUDGING_NODES, POD_NETWORKS } from '@ringfence/policy-engine';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { DesiredTables } from '../domain/desired-tables.calculator.js';
import type { Place } from '../domain/desired-tables.calculator.js';
import type { NodeFacts } from '../domain/host-essentials.js';
import { ViewState } from '../domain/view.state.js';
import { HelperKernel } from '../kernel/nftables/helper-kernel.js';
import { allow } from '../testing/models.js';
import {
  BETWEEN,
  CLIENTS,
  HIDING_PORT,
  INGRESS_NODE,
  openNodePortBed,
  OWN_SERVICE,
  PLAIN_PORT,
  POD_ADDRESS,
  POD_NETWORK,
  POD_PORT,
  POD_SIDE,
  ROGUE,
} from '../testing/node-port-bed.js';
import type { BedPart, NodePortBed } from '../testing/node-port-bed.js';
import { compiledHelper } from '../testing/testbed.js';
import { groupOf, labelSet, podEndpoint, podUnit, viewOf } from '../testing/views.js';

const [FRIEND, STRANGER] = CLIENTS;
const NODES_SET = 9;
const [FRIENDS, NODES, OWN_VIP] = [1, 2, 3];
const HOST: NodeFacts = {
  control: [],
  adminPorts: [],
  managementPort: 0,
  dialled: [],
  resolvers: [],
  timeServers: [],
  links: [],
};
const ADDRESSES: Readonly<Record<string, readonly string[]>> = {
  ingress: [INGRESS_NODE, BETWEEN.ingress],
  pods: [BETWEEN.pods, POD_SIDE],
};

interface Policy {
  readonly mode?: EnforcementMode;
  /** Whom the Pod's rules let in: by an IP list, or by the label of nodes. */
  readonly lets: readonly ('friends' | 'nodes')[];
  readonly judging?: readonly string[];
}

describe('a Pod behind a NodePort', () => {
  let bed: NodePortBed;
  let kernel: HelperKernel;
  const inForce = new Map<BedPart, FirewallModel>();

  beforeAll(async () => {
    bed = openNodePortBed();
    kernel = new HelperKernel({ entry: compiledHelper() });
    await bed.agent('pod').run('listen', { host: POD_ADDRESS, tcp: [POD_PORT] });
  });
  afterEach(async () => {
    for (const part of inForce.keys()) await kernel.remove(bed.path(part));
    inForce.clear();
  });
  afterAll(async () => {
    await kernel.stop();
    await bed.close();
  });

  /** The tables that the agents of both nodes would load. */
  const models = (part: 'ingress' | 'pods', policy: Policy): Map<string, FirewallModel> => {
    const view = new ViewState();
    view.setHostAddresses(ADDRESSES[part] ?? []);
    const port = { proto: 6, from: POD_PORT };
    const rules = {
      ingress: policy.lets.map((who) => allow([who === 'friends' ? FRIENDS : NODES], port)),
      egress: [allow([OWN_VIP], { proto: 6, from: 80 })],
    };
    const node = (name: string) =>
      podEndpoint(name, NODES_SET, {
        class: 'node',
        workload: name,
        node: name,
        addresses: [...(ADDRESSES[name] ?? [])],
      });
    const idle: Unit = podUnit(NODES_SET, 'idle');
    view.apply({
      ...viewOf({
        revision: 1,
        groups: [
          groupOf(FRIENDS, [], { cidrs: [`${FRIEND}/32`] }),
          groupOf(NODES, [NODES_SET]),
          groupOf(OWN_VIP, [], { cidrs: [`${OWN_SERVICE}/32`] }),
          { ...groupOf(4, []), id: JUDGING_NODES, workloads: [...(policy.judging ?? ['ingress', 'pods'])] },
          { ...groupOf(5, [], { cidrs: [POD_NETWORK] }), id: POD_NETWORKS },
        ],
        endpoints: [
          podEndpoint('web', 1, { addresses: [POD_ADDRESS], node: 'pods', workload: 'web' }),
          node('ingress'),
          node('pods'),
        ],
        units: [podUnit(1, policy.mode ?? 'full', rules), idle],
      }),
      nodePorts: [{ labelSet: labelSet(1), workload: 'web', proto: 6, port: POD_PORT }],
    });
    const host: Place = { kind: 'host', id: 'host', netns: '', node: part };
    const pod: Place = { kind: 'pod', id: 'pod', netns: '', podUid: 'web', namespace: 'shop', name: 'web' };
    const desired = new DesiredTables(view, () => HOST, 1).compute(part === 'pods' ? [host, pod] : [host]);
    return new Map(
      [...desired].map(([id, table]) => {
        if ('failed' in table) throw new Error(table.failed.message);
        return [id, table.model];
      }),
    );
  };
  const load = async (part: BedPart, model: FirewallModel | undefined): Promise<void> => {
    if (model === undefined) throw new Error(`no table for ${part}`);
    const change = changeBetween(inForce.get(part), model);
    if (change === 'nothing') return;
    await kernel.apply(bed.path(part), change);
    inForce.set(part, change.model);
  };
  const enforce = async (
    policy: Policy,
    parts: readonly BedPart[] = ['pod', 'pods', 'ingress'],
  ): Promise<void> => {
    for (const part of parts)
      await load(
        part,
        models(part === 'ingress' ? 'ingress' : 'pods', policy).get(part === 'pod' ? 'pod' : 'host'),
      );
  };
  const call = (from: string, to: string, port: number, extra = {}): Promise<unknown> =>
    bed.agent('outside').run('tcp', { from, to, port, timeoutMs: 500, ...extra });
  const throughNodePort = (from: string, extra = {}) => call(from, INGRESS_NODE, HIDING_PORT, extra);
  const ofNode = (): Promise<unknown> =>
    bed
      .agent('ingress')
      .run('tcp', { from: BETWEEN.ingress, to: POD_ADDRESS, port: POD_PORT, timeoutMs: 500 });

  it('lets no outsider in by a rule that means nodes, though that node hides it behind its address', async () => {
    await enforce({ lets: ['nodes'] });
    expect(await throughNodePort(STRANGER)).toBe('closed');
    expect(await ofNode()).toBe('open');
    // The same by a route to the Pod's address, which the node hides too.
    expect(await call(STRANGER, POD_ADDRESS, POD_PORT)).toBe('closed');
  });

  it('lets in whom its rules mean, and nobody else, and not the node that carries them', async () => {
    await enforce({ lets: ['friends'] });
    expect(await throughNodePort(FRIEND)).toBe('open');
    expect(await throughNodePort(STRANGER)).toBe('closed');
    expect(await ofNode()).toBe('closed');
    expect(await call(FRIEND, BETWEEN.pods, PLAIN_PORT)).toBe('open');
    expect(await call(STRANGER, BETWEEN.pods, PLAIN_PORT)).toBe('closed');
  });

  it('believes no word that an outsider or a process of a node wrote into its packets', async () => {
    await enforce({ lets: ['friends'] });
    const forge = (hook: string): string =>
      `table ip forge { chain post { type filter hook ${hook} priority -200; ip dscp set 43; }; }`;
    bed.nft('outside', forge('output'));
    bed.nft('ingress', forge('output'));
    try {
      expect(await throughNodePort(STRANGER)).toBe('closed');
      expect(await call(STRANGER, POD_ADDRESS, POD_PORT)).toBe('closed');
      expect(await ofNode()).toBe('closed');
    } finally {
      for (const part of ['outside', 'ingress'] as const) bed.nft(part, 'delete table ip forge');
    }
  });

  it('takes nothing from a Pod beside it that speaks as a node that judges', async () => {
    await enforce({ lets: ['friends'] });
    bed.nft(
      'pod',
      `table ip seen { counter hits { }; chain in { type filter hook input priority 0; tcp dport ${POD_PORT} counter name hits; }; }`,
    );
    const arrived = (): number =>
      Number(/packets (\d+)/.exec(bed.nft('pod', 'reset counter ip seen hits'))?.[1] ?? Number.NaN);
    const callAs = async (disguise: string): Promise<number> => {
      bed.nft(
        'rogue',
        `table ip forge { chain out { type filter hook output priority -200; ${disguise}; }; }`,
      );
      try {
        await bed
          .agent('rogue')
          .run('tcp', { from: ROGUE.pod, to: POD_ADDRESS, port: POD_PORT, timeoutMs: 300 });
      } finally {
        bed.nft('rogue', 'delete table ip forge');
      }
      return arrived();
    };
    try {
      expect(await callAs(`ip saddr set ${BETWEEN.ingress} ip dscp set 43`)).toBe(0);
      expect(await callAs('ip dscp set 43')).toBe(0);
      expect(await throughNodePort(FRIEND)).toBe('open');
      expect(arrived()).toBeGreaterThan(0);
    } finally {
      bed.nft('pod', 'delete table ip seen');
    }
  });

  it('is closed through a node that judges nothing', async () => {
    await enforce({ lets: ['friends'], judging: ['pods'] }, ['pod', 'pods']);
    expect(await throughNodePort(FRIEND)).toBe('closed');
  });

  it('keeps a connection over a change of policy, also while only the Pod speaks, and loses it when it is revoked', async () => {
    await enforce({ lets: ['friends'] });
    expect(await throughNodePort(FRIEND, { keep: 'pushed', send: 'push' })).toBe('open');
    const hears = (): Promise<unknown> =>
      bed.agent('outside').run('say', { name: 'pushed', text: '', timeoutMs: 400 });
    await enforce({ lets: ['friends', 'nodes'] });
    await enforce({ lets: ['friends'] });
    expect(await hears()).toBe('open');
    await enforce({ lets: [] });
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await hears()).toBe('closed');
    await bed.agent('outside').run('drop', { name: 'pushed' });
  });

  it('reaches itself through its own Service', async () => {
    await enforce({ lets: [] });
    const self = { from: POD_ADDRESS, to: OWN_SERVICE, port: 80, timeoutMs: 500 };
    expect(await bed.agent('pod').run('tcp', self)).toBe('open');
  });

  it('in visibility and selective loses nobody', async () => {
    for (const mode of ['visibility_only', 'selective'] as const) {
      await enforce({ lets: ['friends'], mode });
      expect([await throughNodePort(FRIEND), await throughNodePort(STRANGER)]).toEqual(['open', 'open']);
    }
  });
});
