/** The host's own table on the real kernel: guarding probe ports, never locking itself out, taking back what cut it off. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hostCidrs, makeGroup } from '@ringfence/contracts';
import type { Endpoint, NodeView, Unit, WireRule } from '@ringfence/contracts';
import { StateFile } from '@ringfence/edge';
import { eventually } from '@ringfence/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DesiredTables } from '../domain/desired-tables.calculator.js';
import type { DesiredTable, Place } from '../domain/desired-tables.calculator.js';
import type { NodeFacts } from '../domain/host-essentials.js';
import { ViewState } from '../domain/view.state.js';
import { HelperKernel } from '../kernel/nftables/helper-kernel.js';
import {
  CLUSTER_IP,
  NODE_ADDRESS,
  NODE_POD_SIDE,
  NODE_PORT,
  openHostBed,
  OUTSIDE,
  POD_ADDRESS,
} from '../testing/host-bed.js';
import type { HostBed } from '../testing/host-bed.js';
import { CONTROL_PLANE_NODES } from '@ringfence/policy-engine';
import { compiledHelper } from '../testing/testbed.js';
import { EnforcedPlace } from './enforced-place.js';
import { HostConfirmation, HostSeen } from './host-confirmation.js';
import { TableRecords } from './table-records.js';

const NODE_SET = 'ls-00000000000000000001';
const POD_SET = 'ls-00000000000000000002';
const FRIENDS = 'g-00000000000000000001';
const CONTAINER_HOST = 'g-00000000000000000002';
const HOST: NodeFacts = {
  control: [{ address: OUTSIDE[0], port: 7002 }],
  adminPorts: [{ port: 2222, cidrs: [`${OUTSIDE[0]}/32`] }],
  dialled: [{ address: OUTSIDE[1], port: 7002 }],
  resolvers: [],
  timeServers: [],
  links: [],
  managementPort: 9610,
};

describe("the host's table", () => {
  let bed: HostBed;
  let kernel: HelperKernel;
  const places: EnforcedPlace[] = [];

  beforeAll(async () => {
    bed = openHostBed();
    kernel = new HelperKernel({ entry: compiledHelper() });
    await bed.inPod.run('listen', { host: POD_ADDRESS, tcp: [7001, 7003] });
    await bed.inNode.run('listen', { host: NODE_ADDRESS, tcp: [2222, 7001, 10_250] });
    for (const host of OUTSIDE) await bed.outside.run('listen', { host, tcp: [7001, 7002] });
  });
  afterEach(async () => {
    for (const place of places.splice(0)) await place.remove();
  });
  afterAll(async () => {
    await kernel.stop();
    await bed.close();
  });

  const rule = (port: number): WireRule => ({
    ref: `/rules/${port}`,
    class: 'allow',
    ports: [{ proto: 6, from: port }],
    peers: [FRIENDS],
  });
  const unit = (id: string, mode: Unit['mode'], rules: Partial<Unit> = {}): Unit => ({
    labelSet: { id, cluster: 'c', namespace: null, class: 'pod', labels: [] },
    mode,
    ingress: [],
    egress: [],
    ...rules,
  });
  const endpoint = (id: string, labelSet: string, extra: Partial<Endpoint>): Endpoint => ({
    id,
    workload: null,
    labelSet,
    class: 'pod',
    addresses: [],
    node: 'node-1',
    ...extra,
  });
  const host: Place = { kind: 'host', id: 'host', netns: '', node: 'node-1' };
  const pod: Place = { kind: 'pod', id: 'pod', netns: '', podUid: 'pod', namespace: 'shop', name: 'web' };

  /** Tables of both places for these units; `friends` is one group's addresses. */
  const desired = (units: Unit[], friends: readonly string[]): { host: DesiredTable; pod: DesiredTable } => {
    const view = new ViewState();
    view.setHostAddresses([NODE_ADDRESS, NODE_POD_SIDE]);
    const probePorts = [{ proto: 6, port: 7001 }];
    view.apply({
      node: 'node-1',
      revision: 1,
      base: null,
      policyVersion: 1,
      at: '',
      groups: {
        upsert: [
          makeGroup(FRIENDS, { cidrs: hostCidrs(friends) }),
          makeGroup(CONTROL_PLANE_NODES, { cidrs: hostCidrs([OUTSIDE[0]!]) }),
          makeGroup(CONTAINER_HOST, { ownHost: true }),
        ],
        remove: [],
      },
      endpoints: {
        upsert: [
          endpoint('node-1', NODE_SET, { class: 'node', addresses: [NODE_ADDRESS] }),
          endpoint('pod', POD_SET, {
            addresses: [POD_ADDRESS],
            pod: { namespace: 'shop', name: 'web', probePorts },
          }),
        ],
        remove: [],
      },
      units: { upsert: units, remove: [] },
      apiServers: [{ address: OUTSIDE[1], port: 7001 }],
      nodePorts: [{ labelSet: POD_SET, workload: null, proto: 6, port: 7001 }],
    } satisfies NodeView);
    const tables = new DesiredTables(view, () => HOST, 1).compute([host, pod]);
    return { host: present(tables.get('host')), pod: present(tables.get('pod')) };
  };
  const place = (of: Place, netns: string): EnforcedPlace => {
    const events = {
      onApplied: () => undefined,
      onInterval: () => undefined,
      onFlowsLost: () => undefined,
      onHealed: () => undefined,
      onTrouble: () => undefined,
    };
    const made = new EnforcedPlace(
      { ...of, netns },
      { kernel, records: new TableRecords({}, () => undefined), lastRead: () => undefined, events },
    );
    places.push(made);
    return made;
  };
  const fromOutside = (from: string, to: string, port: number): Promise<unknown> =>
    bed.outside.run('tcp', { from, to, port, timeoutMs: 400 });

  it('judges a Pod that calls a Service in front of its own node by the port that answers, not by the Service’s', async () => {
    const node = place(host, bed.node);
    const toService = { from: POD_ADDRESS, to: CLUSTER_IP, port: 82, timeoutMs: 400 };
    await node.enforce(desired([unit(NODE_SET, 'full', { ingress: [rule(82)] })], [POD_ADDRESS]).host);
    expect(await bed.inPod.run('tcp', toService)).toBe('closed');
    await node.enforce(desired([unit(NODE_SET, 'full', { ingress: [rule(7001)] })], [POD_ADDRESS]).host);
    expect(await bed.inPod.run('tcp', toService)).toBe('open');
  });

  it('lets nobody use a NodePort to reach a probe port, but whom the Pod itself allows; the node still probes', async () => {
    const [stranger, friend] = OUTSIDE;
    const shop = [unit(NODE_SET, 'idle'), unit(POD_SET, 'full', { ingress: [rule(7001)] })];
    const closed = desired(shop, []);
    await place(pod, bed.pod).enforce(closed.pod);
    // The hole that the guard is for: the Pod sees its node's address.
    expect(await fromOutside(stranger, NODE_ADDRESS, NODE_PORT)).toBe('open');
    const guard = place(host, bed.node);
    await guard.enforce(closed.host);
    expect(await fromOutside(stranger, NODE_ADDRESS, NODE_PORT)).toBe('closed');
    expect(await bed.inNode.run('tcp', { to: POD_ADDRESS, port: 7001 })).toBe('open');
    await guard.enforce(desired([unit(NODE_SET, 'full'), shop[1] ?? unit(POD_SET, 'full')], []).host);
    expect(await fromOutside(stranger, NODE_ADDRESS, NODE_PORT)).toBe('closed');
    expect(await bed.inNode.run('tcp', { to: POD_ADDRESS, port: 7001 })).toBe('open');
    expect(await bed.inNode.run('tcp', { to: POD_ADDRESS, port: 7003, timeoutMs: 300 })).toBe('closed');
    await guard.enforce(desired(shop, [friend]).host);
    expect(await fromOutside(friend, NODE_ADDRESS, NODE_PORT)).toBe('open');
    expect(await fromOutside(stranger, NODE_ADDRESS, NODE_PORT)).toBe('closed');
  });

  it('in full lets only through what is always allowed, and leaves the traffic of Pods alone', async () => {
    await place(host, bed.node).enforce(
      desired([unit(NODE_SET, 'full'), unit(POD_SET, 'visibility_only')], []).host,
    );
    const outcomes = {
      admin: await fromOutside(OUTSIDE[0], NODE_ADDRESS, 2222),
      adminOfElsewhere: await fromOutside(OUTSIDE[1], NODE_ADDRESS, 2222),
      kubeletOfControlPlane: await fromOutside(OUTSIDE[0], NODE_ADDRESS, 10_250),
      kubeletOfApiServer: await fromOutside(OUTSIDE[1], NODE_ADDRESS, 10_250),
      kubeletOfOthers: await bed.inPod.run('tcp', { to: NODE_ADDRESS, port: 10_250, timeoutMs: 400 }),
      other: await fromOutside(OUTSIDE[1], NODE_ADDRESS, 7001),
      control: await bed.inNode.run('tcp', { to: OUTSIDE[0], port: 7002, timeoutMs: 400 }),
      apiServer: await bed.inNode.run('tcp', { to: OUTSIDE[1], port: 7001, timeoutMs: 400 }),
      whatAgentsDial: await bed.inNode.run('tcp', { to: OUTSIDE[1], port: 7002, timeoutMs: 400 }),
      elsewhere: await bed.inNode.run('tcp', { to: OUTSIDE[0], port: 7001, timeoutMs: 400 }),
      itselfByClusterIp: await bed.inNode.run('tcp', { to: CLUSTER_IP, port: 81, timeoutMs: 400 }),
      toPod: await fromOutside(OUTSIDE[1], POD_ADDRESS, 7003),
    };
    expect(outcomes).toEqual({
      admin: 'open',
      adminOfElsewhere: 'closed',
      kubeletOfControlPlane: 'open',
      kubeletOfApiServer: 'open',
      kubeletOfOthers: 'closed',
      other: 'closed',
      control: 'open',
      apiServer: 'open',
      whatAgentsDial: 'open',
      elsewhere: 'closed',
      itselfByClusterIp: 'open',
      toPod: 'open',
    });
  });

  it('in full reports errors of what it only forwards', async () => {
    await place(host, bed.node).enforce(desired([unit(NODE_SET, 'full'), unit(POD_SET, 'idle')], []).host);
    const call = { from: OUTSIDE[1], to: POD_ADDRESS, port: 7003, keep: 'forwarded' };
    expect(await bed.outside.run('tcp', call)).toBe('open');
    await kernel.run(
      bed.world,
      `table inet errors {
        counter told { }
        chain out {
          type filter hook output priority 0
          ip daddr ${POD_ADDRESS} ip ttl set 1
        }
        chain in {
          type filter hook input priority 0
          icmp type time-exceeded counter name "told"
        }
      }`,
    );
    expect(await bed.outside.run('say', { name: 'forwarded' })).toBe('closed');
    const told = await kernel.packets(bed.world, { family: 'inet', table: 'errors', name: 'told' });
    await kernel.run(bed.world, 'delete table inet errors');
    await bed.outside.run('drop', { name: 'forwarded' });
    expect(told).toBeGreaterThan(0);
  });

  it('reaches on its own Pods, in full, what a rule lets the container host do there', async () => {
    const rules = { ingress: [{ ...rule(7003), peers: [CONTAINER_HOST] }] };
    const wanted = desired([unit(NODE_SET, 'full'), unit(POD_SET, 'full', rules)], []);
    await place(pod, bed.pod).enforce(wanted.pod);
    await place(host, bed.node).enforce(wanted.host);
    expect(await bed.inNode.run('tcp', { to: POD_ADDRESS, port: 7003, timeoutMs: 400 })).toBe('open');
    expect(await fromOutside(OUTSIDE[1], POD_ADDRESS, 7003)).toBe('closed');
  });

  it('judges the calls of the node to a ClusterIP by the backend', async () => {
    const enforced = place(host, bed.node);
    const call = (): Promise<unknown> => bed.inNode.run('tcp', { to: CLUSTER_IP, port: 80, timeoutMs: 400 });
    await enforced.enforce(desired([unit(NODE_SET, 'full')], []).host);
    expect(await call()).toBe('closed');
    await enforced.enforce(desired([unit(NODE_SET, 'full', { egress: [rule(7001)] })], [OUTSIDE[0]]).host);
    expect(await call()).toBe('open');
  });

  it('is taken back when the control channel cannot be reached with it', async () => {
    let reached = ['control', 'api server'];
    let rollbacks = 0;
    const confirmation = new HostConfirmation({
      reachable: () => Promise.resolve(reached),
      ...UNWITNESSED,
      withinMs: 300,
      onRollback: () => (rollbacks += 1),
    });
    const enforced = place(host, bed.node);
    const good = desired([unit(NODE_SET, 'visibility_only')], []).host;
    await confirmation.enforce(enforced, good, undefined);
    const bad = desired([unit(NODE_SET, 'full')], []).host;
    setTimeout(() => (reached = ['control']), 0);
    const loses = confirmation.enforce(enforced, bad, good);
    await expect(loses).rejects.toThrow('could not be reached');
    expect(rollbacks).toBe(1);
    expect(await fromOutside(OUTSIDE[1], NODE_ADDRESS, 7001)).toBe('open');
    await expect(confirmation.enforce(enforced, bad, good)).rejects.toThrow('could not be reached');
  });

  it('is taken back by the next agent where one was killed before it knew how the node is reached', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'rf-host-'));
    const unconfirmed = new StateFile(directory, 'unconfirmed.json', HostSeen);
    const looks: (readonly string[])[] = [['control']];
    const agent = (): HostConfirmation =>
      new HostConfirmation({
        ...UNWITNESSED,
        unconfirmed,
        // Killed while it looks a second time: it has loaded the table, and does nothing any more.
        reachable: () => {
          const seen = looks.shift();
          return seen === undefined ? new Promise(() => undefined) : Promise.resolve(seen);
        },
        withinMs: 0,
        onRollback: () => undefined,
      });
    const bad = desired([unit(NODE_SET, 'full')], []).host;
    void agent().enforce(place(host, bed.node), bad, undefined);
    await eventually(async () => (await fromOutside(OUTSIDE[1], NODE_ADDRESS, 7001)) === 'closed');
    looks.push([], [], []);
    const next = agent().enforce(place(host, bed.node), bad, undefined);
    await expect(next).rejects.toThrow('control could not be reached');
    expect(await fromOutside(OUTSIDE[1], NODE_ADDRESS, 7001)).toBe('open');
    expect(unconfirmed.read()).toBeUndefined();
    rmSync(directory, { recursive: true });
  });

  describe('seen from outside', () => {
    const [administrator, stranger] = OUTSIDE;
    const KUBELET = 10_250;
    const OTHERS_HOOK = 'type filter hook input priority 0;';
    let unwitnessed: number;
    const confirmationBy = (
      witness: string,
      ports: readonly number[],
      onLook: () => void = () => undefined,
    ) =>
      new HostConfirmation({
        reachable: () => Promise.resolve([]),
        witnessed: async () => {
          onLook();
          const answers = await Promise.all(ports.map((port) => fromOutside(witness, NODE_ADDRESS, port)));
          return { from: [witness], reached: ports.filter((_, i) => answers[i] === 'open') };
        },
        unconfirmed: UNWITNESSED.unconfirmed,
        onUnkept: UNWITNESSED.onUnkept,
        withinMs: 300,
        onRollback: () => undefined,
        onUnwitnessed: () => (unwitnessed += 1),
      });
    beforeEach(() => {
      unwitnessed = 0;
    });

    it('is taken back when it closes the way in for whom it lets in', async () => {
      const enforced = place(host, bed.node);
      const good = desired([unit(NODE_SET, 'visibility_only')], []).host;
      await enforced.enforce(good);
      let looks = 0;
      const confirmation = confirmationBy(administrator, [2222], () => {
        // What rules say is not all that becomes of packets: somebody else's table closes what ours lets in.
        if (++looks === 2) bed.nft(`table inet others { chain in { ${OTHERS_HOOK} tcp dport 2222 drop; }; }`);
      });
      const full = desired([unit(NODE_SET, 'full')], []).host;
      const loses = confirmation.enforce(enforced, full, good);
      await expect(loses).rejects.toMatchObject({
        token: 'host_rolled_back',
        message: expect.stringContaining(
          'port 2222 of this node could not be reached from outside',
        ) as string,
      });
      expect(await fromOutside(stranger, NODE_ADDRESS, 7001)).toBe('open');
      bed.nft('delete table inet others');
    });

    it('stays when it closes what it means to close, and says that nobody outside could tell more', async () => {
      const enforced = place(host, bed.node);
      await enforced.enforce(desired([unit(NODE_SET, 'visibility_only')], []).host);
      const full = desired([unit(NODE_SET, 'full')], []).host;
      await confirmationBy(stranger, [2222, 7001]).enforce(enforced, full, undefined);
      expect(await fromOutside(stranger, NODE_ADDRESS, 7001)).toBe('closed');
      expect(unwitnessed).toBe(1);
      await confirmationBy(stranger, [KUBELET, 7001]).enforce(
        enforced,
        desired([unit(NODE_SET, 'full')], []).host,
        full,
      );
      expect(unwitnessed).toBe(1);
    });
  });
});

const UNWITNESSED = {
  unconfirmed: { read: () => undefined, write: () => undefined, remove: () => undefined },
  onUnkept: () => undefined,
  witnessed: () => Promise.resolve({ from: [], reached: [] }),
  onUnwitnessed: () => undefined,
};

function present(
  desired: ReturnType<DesiredTables['compute']> extends Map<string, infer D> ? D | undefined : never,
): DesiredTable {
  if (desired === undefined || 'failed' in desired) throw new Error('no table for this place');
  return desired;
}
