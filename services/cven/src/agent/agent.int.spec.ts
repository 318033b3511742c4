/** The agent of one node as its cluster sees it: real containerd, real NATS with a node's credential, real kernel. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readlinkSync } from 'node:fs';
import type { NodeSandboxes } from '@ringfence/contracts';
import { eventually } from '@ringfence/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { AgentBed, listing, shop } from '../testing/agent-bed.js';

describe('the agent of a node', () => {
  let bed: AgentBed;

  beforeAll(async () => {
    bed = await AgentBed.open();
  });
  afterAll(() => bed.close());
  beforeEach(() => bed.makeDisk());
  afterEach(() => bed.clear());

  it('closes an unknown Pod of a managed namespace in full, opens what the policy allows, acknowledges, reports flows with the rule', async () => {
    bed.clas.setView(bed.view());
    await bed.start().isReady();
    const [web, client, stranger] = [
      await bed.run('shop', 'web'),
      await bed.run('shop', 'client'),
      await bed.run('elsewhere', 'x'),
    ];
    await eventually(() => listing(web).includes('mode=full'));
    expect(listing(stranger)).toBe('');
    expect(await bed.connect(client, web)).toBe('closed');
    await eventually(() =>
      bed.clas.observations.some(({ payload }) =>
        (payload as Partial<NodeSandboxes>).sandboxes?.some(({ podUid }) => podUid === web.uid),
      ),
    );
    const base = bed.revision;
    bed.clas.send(bed.view({ ...shop(web, client), base, namespaces: undefined }));
    await bed.acked(bed.revision);
    await eventually(() => bed.clas.acks.at(-1)?.pods.join() === [web.uid, client.uid].sort().join());
    expect(await bed.connect(client, web)).toBe('open');
    expect(await bed.connect(stranger, web)).toBe('closed');
    const flow = await eventually(() =>
      bed.clas.flows.find(
        ({ verdict, dst, direction }) =>
          verdict === 'allowed' && dst === web.address && direction === 'inbound',
      ),
    );
    expect(flow).toMatchObject({
      src: client.address,
      proto: 6,
      port: 7001,
      state: 'new',
      connections: 1,
      rule: '/rules/7',
      ruleClass: 'allow',
    });
    await eventually(() =>
      bed.clas.flows.some(
        ({ src, verdict, rule }) => src === stranger.address && verdict === 'blocked' && rule === null,
      ),
    );
  });

  it('reports of each place what its level of visibility asks for, and no more', async () => {
    bed.clas.setView(bed.view());
    await bed.start().isReady();
    const [web, client, stranger] = [
      await bed.run('shop', 'web'),
      await bed.run('shop', 'client'),
      await bed.run('elsewhere', 'x'),
    ];
    const told = (levels: Readonly<Record<string, string>>) => {
      const { endpoints, ...rest } = shop(web, client);
      const upsert = endpoints!.upsert.map((one) => ({
        ...one,
        pod: { ...one.pod!, visibilityLevel: levels[one.id] },
      }));
      return bed.view({ ...rest, endpoints: { upsert, remove: [] } });
    };
    const reported = (outcome: string, direction: string) =>
      bed.clas.flows.some(
        ({ verdict, dst, direction: way }) => verdict === outcome && dst === web.address && way === direction,
      );
    bed.clas.send(told({ [web.uid]: 'flow_drops', [client.uid]: 'flow_off' }));
    await bed.acked(bed.revision);
    expect(await bed.connect(client, web)).toBe('open');
    expect(await bed.connect(stranger, web)).toBe('closed');
    await eventually(() => reported('blocked', 'inbound'));
    expect([reported('allowed', 'inbound'), reported('allowed', 'outbound')]).toEqual([false, false]);

    bed.clas.send(told({ [web.uid]: 'flow_summary', [client.uid]: 'flow_off' }));
    await bed.acked(bed.revision);
    expect(await bed.connect(client, web)).toBe('open');
    await eventually(() => reported('allowed', 'inbound'));
    expect(reported('allowed', 'outbound')).toBe(false);
  });

  it('asks for a snapshot when a delta does not fit', async () => {
    bed.clas.setView(bed.view());
    await bed.start().isReady();
    const later = bed.view({ namespaces: [{ name: 'shop', mode: 'visibility_only' }] });
    bed.clas.setView(later);
    bed.clas.send({ ...later, revision: later.revision + 5, base: later.revision + 4 });
    await bed.acked(later.revision);
  });

  it('puts back what somebody else removed, and survives the loss of its kernel helper', async () => {
    const running = bed.start();
    const [web, client] = [await bed.run('shop', 'web'), await bed.run('shop', 'client')];
    bed.clas.setView(bed.view(shop(web, client)));
    await running.isReady();
    await eventually(() => bed.connect(client, web).then((outcome) => outcome === 'open'));
    for (const tampering of [
      ['flush', 'ruleset'],
      ['flush', 'chain', 'inet', 'ringfence', 'p_in'],
      ['delete', 'table', 'inet', 'ringfence'],
    ]) {
      execFileSync('nsenter', [`--net=${web.netns}`, 'nft', ...tampering]);
      await eventually(() => listing(web).includes('goto v_unmatched'));
    }
    // How many is left to chance: a tampering may be put right together with the one before, or twice.
    expect(await running.metrics()).toMatch(/cven_tamper_heals_total\S* [1-9]/);
    const helper = Number(execFileSync('pgrep', ['-P', String(running.pid)], { encoding: 'utf8' }).trim());
    process.kill(helper, 'SIGKILL');
    const delta = bed.view({
      base: bed.revision,
      namespaces: undefined,
      groups: { upsert: [], remove: [] },
      endpoints: { upsert: [], remove: [client.uid] },
    });
    bed.clas.send(delta);
    await eventually(() => bed.connect(client, web).then((outcome) => outcome === 'closed'));
    expect(await running.metrics()).toMatch(/cven_helper_restarts_total\S* 1/);
  });

  it('lets go of a namespace soon after its sandbox has ended', async () => {
    await bed.startWith(bed.view());
    await bed.acked(bed.revision);
    const helper = Number(execFileSync('pgrep', ['-P', String(bed.agent?.pid)], { encoding: 'utf8' }).trim());
    const before = { open: openSockets(helper), namespaces: bed.node.podNamespaces().length };
    const burst = await Promise.all([1, 2, 3, 4].map((n) => bed.node.run('shop', `burst-${n}`)));
    await eventually(() => openSockets(helper) >= before.open + 4 * SOCKETS_OF_A_CONTEXT);
    await Promise.all(burst.map((sandbox) => bed.node.stop(sandbox)));
    await eventually(() => openSockets(helper) <= before.open + LISTENERS);
    expect(bed.node.podNamespaces().length).toBe(before.namespaces);
  });

  it('says in one line why it cannot start with a wrong pairing key', async () => {
    const running = bed.start({ RINGFENCE_PAIRING_KEY: 'wrong' });
    expect(await running.kill('SIGCONT')).toBe(1);
    bed.agent = undefined;
  });
});

/** Beside them the helper listens once for all of them, from its first Pod on. */
const SOCKETS_OF_A_CONTEXT = 1;
const LISTENERS = 1;

function openSockets(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).filter((fd) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${fd}`).startsWith('socket:');
    } catch {
      return false;
    }
  }).length;
}
