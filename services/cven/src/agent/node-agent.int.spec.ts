/** The agent of a node on the real kernel, without a runtime or a bus: what it decides for Pods, and what it says is not in force. */
import type { NodeAck } from '@ringfence/contracts';
import { eventually } from '@ringfence/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DesiredTables } from '../domain/desired-tables.calculator.js';
import { FlowBatches } from '../domain/flow-batches.calculator.js';
import type { NodeFacts } from '../domain/host-essentials.js';
import { ViewState } from '../domain/view.state.js';
import { HelperKernel } from '../kernel/nftables/helper-kernel.js';
import { allow } from '../testing/models.js';
import { compiledHelper, openTestbed } from '../testing/testbed.js';
import type { Testbed } from '../testing/testbed.js';
import { podEndpoint, podUnit, viewOf } from '../testing/views.js';
import type { ViewParts } from '../testing/views.js';
import { HostConfirmation } from './host-confirmation.js';
import { NodeAgent } from './node-agent.js';
import { TableRecords } from './table-records.js';

const FULL: ViewParts['namespaces'] = [{ name: 'shop', mode: 'full' }];
const HOST: NodeFacts = {
  control: [],
  dialled: [],
  adminPorts: [],
  managementPort: 9610,
  resolvers: [],
  timeServers: [],
  links: [],
};

describe('the agent in the kernel', () => {
  let bed: Testbed;
  let kernel: HelperKernel;
  let agent: NodeAgent;
  const acks: NodeAck[] = [];
  /** Sandboxes that the cluster is told of. */
  const told = new Set<string>();
  let revision: number;
  let reachable: () => Promise<readonly string[]>;

  beforeEach(() => {
    bed = openTestbed();
    acks.length = 0;
    told.clear();
    revision = 0;
    reachable = () => Promise.resolve([]);
    kernel = new HelperKernel({
      entry: compiledHelper(),
      silenceMs: 6_000,
      onCrash: () => agent.doubtEverything(),
    });
    // The world plays the node: nothing that the test needs is judged there.
    agent = agentOf(bed.world);
  });
  const agentOf = (hostNetns: string): NodeAgent => {
    const view = new ViewState();
    const nothing = (): void => undefined;
    return new NodeAgent({
      node: 'node-1',
      bootId: 'boot',
      host: { kind: 'host', id: 'host', netns: hostNetns, node: 'node-1' },
      kernel,
      view,
      desired: new DesiredTables(view, () => HOST, 1),
      records: new TableRecords({}, nothing),
      flowRecords: { append: nothing, end: nothing, lastRead: () => undefined },
      flows: new FlowBatches({ node: 'node-1', bootId: 'boot' }, new Date().toISOString()),
      confirmation: new HostConfirmation({
        reachable: () => reachable(),
        unconfirmed: { read: () => undefined, write: nothing, remove: nothing },
        onUnkept: nothing,
        withinMs: 60_000,
        witnessed: () => Promise.resolve({ from: [], reached: [] }),
        onRollback: nothing,
        onUnwitnessed: nothing,
      }),
      hostAddresses: () => ['10.77.0.10'],
      events: {
        onSandboxSeen: (id) => told.add(id),
        onSandboxGone: (id) => told.delete(id),
        onAck: (ack) => acks.push(ack),
        onFlowBatches: nothing,
        onFlows: nothing,
        onFlowsLost: nothing,
        onApplied: nothing,
        onPass: nothing,
        onHealed: nothing,
        onTampered: nothing,
        onTrouble: nothing,
        onUnpaired: nothing,
        onPaired: nothing,
      },
    });
  };
  beforeEach(() => kernel.open(bed.netns));
  afterEach(async () => {
    await kernel.stop();
    await bed.close();
  });

  const take = (parts: Partial<ViewParts>): unknown =>
    agent.takeView(viewOf({ revision: ++revision, namespaces: FULL, ...parts }));
  const sandbox = (podUid = 'pod', namespace = 'shop') => ({
    id: 'sandbox',
    podUid,
    namespace,
    name: 'web',
    netns: bed.netns,
    addresses: ['10.77.0.2'],
  });
  const mode = (): string | undefined => {
    try {
      return /mode=(\w+)/.exec(bed.pod('nft', 'list', 'table', 'inet', 'ringfence'))?.[1];
    } catch {
      return undefined;
    }
  };

  it('judges whom its node hides once the node’s own table is in its kernel, and not before', async () => {
    take({ endpoints: [podEndpoint('pod', 1)], units: [podUnit(1, 'full')] });
    await agent.settledDown();
    expect(agent.isJudging).toBe(true);
    agent = agentOf('/run/netns/no-such-node');
    take({ endpoints: [podEndpoint('pod', 1)], units: [podUnit(1, 'full')] });
    await agent.settledDown();
    expect(agent.counts().revision).toBe(2);
    expect(agent.isJudging).toBe(false);
  });

  it('decides for a Pod whose policy is known, one that nobody manages, and one that nobody has told of', async () => {
    take({ endpoints: [podEndpoint('pod', 1)], units: [podUnit(1, 'full')] });
    agent.takeSandbox(sandbox());
    expect(await agent.decided('sandbox', 60_000)).toBe('in-force');
    expect(mode()).toBe('full');
    await agent.dropSandbox('sandbox');
    agent.takeSandbox(sandbox('other', 'elsewhere'));
    expect(await agent.decided('sandbox', 60_000)).toBe('none-needed');
    await agent.dropSandbox('sandbox');
    agent.takeSandbox(sandbox('stranger'));
    expect(await agent.decided('sandbox', 50)).toBe('locked');
    expect(mode()).toBe('full');
    await expect(agent.decided('nobody', 50)).rejects.toThrow('no sandbox');
  });

  it('tells of a sandbox no longer once it is let go of, whoever said so: one that was never finished has no other end', async () => {
    take({ endpoints: [podEndpoint('pod', 1)], units: [podUnit(1, 'full')] });
    agent.takeSandbox(sandbox());
    expect([...told]).toEqual(['sandbox']);
    await agent.dropSandbox('sandbox');
    expect([...told]).toEqual([]);
  });

  it('locks a Pod that somebody waits for while nobody has ever told this node its policy', async () => {
    agent.takeSandbox(sandbox());
    expect(await agent.decided('sandbox', 50)).toBe('locked');
    expect(mode()).toBe('full');
    take({ endpoints: [podEndpoint('pod', 1)], units: [podUnit(1, 'visibility_only')] });
    await eventually(() => mode() === 'visibility_only');
  });

  it('gives a Pod its policy whose uid is told after its sandbox', async () => {
    take({ endpoints: [podEndpoint('pod', 1)], units: [podUnit(1, 'visibility_only')] });
    agent.takeSandbox(sandbox(''));
    await eventually(() => mode() === 'full');
    agent.takeSandbox(sandbox('pod'));
    expect(await agent.decided('sandbox', 60_000)).toBe('in-force');
    expect(mode()).toBe('visibility_only');
  });

  it('closes a Pod whose policy cannot be put into rules, and says so', async () => {
    const deny = { ...allow([9], { proto: 6, from: 80 }), class: 'deny' as const };
    const impossible = podUnit(1, 'full', { ingress: [deny] });
    take({ endpoints: [podEndpoint('pod', 1)], units: [impossible] });
    agent.takeSandbox(sandbox());
    await eventually(() => mode() === 'full');
    const told = await eventually(() => acks.at(-1)?.notInForce?.find(({ id }) => id === 'pod'));
    expect(told).toMatchObject({ id: 'pod', asked: 'full', token: 'unknown_group' });
    take({ endpoints: [podEndpoint('pod', 1)], units: [podUnit(1, 'full')] });
    await eventually(() => acks.at(-1)?.notInForce?.length === 0 && acks.at(-1)?.pods.includes('pod'));
  });

  it('gives Pods their tables however long the confirmation of the node takes', async () => {
    reachable = () => new Promise(() => undefined);
    take({
      endpoints: [podEndpoint('node-1', 2, { class: 'node' }), podEndpoint('pod', 1)],
      units: [podUnit(2, 'full'), podUnit(1, 'full')],
    });
    agent.takeSandbox(sandbox());
    expect(await agent.decided('sandbox', 60_000)).toBe('in-force');
    const ack = await eventually(() => acks.find(({ pods }) => pods.includes('pod')));
    expect(ack).toMatchObject({ revision: 1, hostRevision: 0 });
    await eventually(() => {
      agent.tellWhatIsNotInForce();
      return acks.at(-1)?.notInForce?.some(({ id }) => id === 'node-1');
    });
  });

  it('says what is not in force while its helper is stopped, and that it is again once there is another one', async () => {
    take({ endpoints: [podEndpoint('pod', 1)], units: [podUnit(1, 'full')] });
    agent.takeSandbox(sandbox());
    await agent.decided('sandbox', 60_000);
    await agent.settledDown();
    process.kill(kernel.processId ?? 0, 'SIGSTOP');
    const asked = Date.now();
    take({ endpoints: [podEndpoint('pod', 1)], units: [podUnit(1, 'visibility_only')] });
    const told = await eventually(() => {
      agent.tellWhatIsNotInForce();
      return acks.at(-1)?.notInForce?.find(({ id }) => id === 'pod');
    });
    expect(told).toMatchObject({
      asked: 'visibility_only',
      inForce: 'full',
      token: 'not_loaded_yet',
    });
    expect(Math.abs(Date.parse(told?.since ?? '') - asked)).toBeLessThan(1_000);
    await eventually(() => mode() === 'visibility_only' && acks.at(-1)?.notInForce?.length === 0);
  });
});
