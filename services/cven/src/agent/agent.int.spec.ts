/** The agent of one node as its cluster sees it: real containerd, real NATS with a node's credential, real kernel. */
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { makeGroup } from '@ringfence/contracts';
import type { EnforcementMode, Endpoint, Group, NodeSandboxes, NodeView, Unit } from '@ringfence/contracts';
import { viewMessage } from '@ringfence/edge';
import { eventually } from '@ringfence/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startAgent } from '../testing/agent-process.js';
import type { AgentProcess } from '../testing/agent-process.js';
import { NODE, startClasStub } from '../testing/clas-stub.js';
import type { ClasStub } from '../testing/clas-stub.js';
import { compiledPlugin } from '../testing/cni-plugin.js';
import { startContainerdNode } from '../testing/containerd-node.js';
import type { ContainerdNode, RunningSandbox } from '../testing/containerd-node.js';
import { compiledHelper, SocketAgent } from '../testing/testbed.js';

const WEB = 'ls-00000000000000000001';
const CLIENT = 'ls-00000000000000000002';
const CLIENTS = 'g-00000000000000000002';
const WEBS = 'g-00000000000000000001';

interface Pod extends RunningSandbox {
  readonly netns: string;
  readonly address: string;
  readonly sockets: SocketAgent;
}

describe('the agent of a node', () => {
  let node: ContainerdNode;
  let clas: ClasStub;
  let agent: AgentProcess | undefined;
  let directory: string;
  let revision = 10;
  const pods: Pod[] = [];

  beforeAll(async () => {
    compiledHelper();
    compiledPlugin();
    node = await startContainerdNode();
    clas = await startClasStub(node.hostAddress);
  });
  afterAll(async () => {
    await node.close();
    await clas.close();
  });
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'rf-agent-'));
    writeFileSync(join(directory, 'machine-id'), 'machine-1\n');
    // An agent that is quicker than its test must not be told what the test before said.
    clas.setView(undefined);
  });
  afterEach(async () => {
    await agent?.kill('SIGTERM');
    agent = undefined;
    for (const pod of pods.splice(0)) {
      await pod.sockets.close();
      await node.stop(pod);
    }
    rmSync(directory, { recursive: true, force: true });
  });

  const view = (content: Partial<NodeView> = {}): NodeView => ({
    node: NODE,
    revision: ++revision,
    base: null,
    policyVersion: 3,
    at: new Date().toISOString(),
    groups: { upsert: [], remove: [] },
    endpoints: { upsert: [], remove: [] },
    units: { upsert: [], remove: [] },
    namespaces: [{ name: 'shop', mode: 'full' }],
    ...content,
  });
  const group = (id: string, labelSet: string): Group => makeGroup(id, { labelSets: [labelSet] });
  const endpoint = (pod: Pod, labelSet: string): Endpoint => ({
    id: pod.uid,
    workload: null,
    labelSet,
    class: 'pod',
    addresses: [pod.address],
    node: NODE,
    pod: { namespace: 'shop', name: 'p', probePorts: [] },
  });
  const unit = (id: string, mode: EnforcementMode, rules: Partial<Unit>): Unit => ({
    labelSet: { id, cluster: 'c', namespace: 'shop', class: 'pod', labels: [] },
    mode,
    ingress: [],
    egress: [],
    ...rules,
  });
  const http = (peer: string): Unit['ingress'] => [
    { ref: '/rules/7', class: 'allow', ports: [{ proto: 6, from: 7001 }], peers: [peer] },
  ];
  /** Two Pods of "shop": clients may reach web on 7001. */
  const shop = (web: Pod, client: Pod): Partial<NodeView> => ({
    groups: { upsert: [group(CLIENTS, CLIENT), group(WEBS, WEB)], remove: [] },
    endpoints: { upsert: [endpoint(web, WEB), endpoint(client, CLIENT)], remove: [] },
    units: {
      upsert: [unit(WEB, 'full', { ingress: http(CLIENTS) }), unit(CLIENT, 'full', { egress: http(WEBS) })],
      remove: [],
    },
  });
  const run = async (namespace: string, name: string): Promise<Pod> => {
    const before = new Set(node.podNamespaces());
    const sandbox = await node.run(namespace, name);
    const file = node.podNamespaces().find((each) => !before.has(each)) ?? '';
    const netns =
      execFileSync('findmnt', ['-rno', 'TARGET'], { encoding: 'utf8' })
        .split('\n')
        .find((target) => target.endsWith(file)) ?? '';
    const listed = execFileSync('nsenter', [`--net=${netns}`, 'ip', '-4', '-o', 'addr', 'show', 'eth0'], {
      encoding: 'utf8',
    });
    const pod = {
      ...sandbox,
      netns,
      address: /inet ([\d.]+)/.exec(listed)?.[1] ?? '',
      sockets: new SocketAgent(netns),
    };
    await pod.sockets.run('listen', { host: '0.0.0.0', tcp: [7001] });
    pods.push(pod);
    return pod;
  };
  const start = (env: Record<string, string> = {}): AgentProcess =>
    (agent = startAgent({ node, clasUrl: clas.url, directory, env }));
  const connect = (from: Pod, to: Pod): Promise<unknown> =>
    from.sockets.run('tcp', { from: from.address, to: to.address, port: 7001, timeoutMs: 300 });
  const listing = (pod: Pod): string => {
    try {
      return execFileSync(
        'nsenter',
        [`--net=${pod.netns}`, 'nft', '-s', 'list', 'table', 'inet', 'ringfence'],
        { encoding: 'utf8', stdio: 'pipe' },
      );
    } catch {
      return '';
    }
  };
  /** A failure says what stood in the kernel of both and of their node: from outside nobody sees who closed the way. */
  const isOpen = (from: Pod, to: Pod): Promise<unknown> =>
    eventually(() => connect(from, to).then((outcome) => outcome === 'open')).catch((error: unknown) => {
      const rulesOf = (netns: string): string =>
        execFileSync('nsenter', [`--net=${netns}`, 'nft', 'list', 'ruleset'], { encoding: 'utf8' });
      const found = [node.netns, to.netns, from.netns].map((netns) => rulesOf(netns).replace(/\s+/g, ' '));
      throw new Error([String(error), ...found].join('\n'));
    });
  const acked = (wanted: number): Promise<unknown> =>
    eventually(() => clas.acks.some((ack) => ack.revision >= wanted));

  it('closes an unknown Pod of a managed namespace in full, opens what the policy allows, acknowledges, reports flows with the rule', async () => {
    clas.setView(view());
    await start().isReady();
    const [web, client, stranger] = [
      await run('shop', 'web'),
      await run('shop', 'client'),
      await run('elsewhere', 'x'),
    ];
    await eventually(() => listing(web).includes('mode=full'));
    expect(listing(stranger)).toBe('');
    expect(await connect(client, web)).toBe('closed');
    await eventually(() =>
      clas.observations.some(({ payload }) =>
        (payload as Partial<NodeSandboxes>).sandboxes?.some(({ podUid }) => podUid === web.uid),
      ),
    );
    const base = revision;
    clas.send(view({ ...shop(web, client), base, namespaces: undefined }));
    await acked(revision);
    await eventually(() => clas.acks.at(-1)?.pods.join() === [web.uid, client.uid].sort().join());
    expect(await connect(client, web)).toBe('open');
    expect(await connect(stranger, web)).toBe('closed');
    const flow = await eventually(() =>
      clas.flows.find(
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
      clas.flows.some(
        ({ src, verdict, rule }) => src === stranger.address && verdict === 'blocked' && rule === null,
      ),
    );
  });

  it('asks for a snapshot when a delta does not fit', async () => {
    clas.setView(view());
    await start().isReady();
    const later = view({ namespaces: [{ name: 'shop', mode: 'visibility_only' }] });
    clas.setView(later);
    clas.send({ ...later, revision: later.revision + 5, base: later.revision + 4 });
    await acked(later.revision);
  });

  it('goes on enforcing after a restart with nobody to ask, without touching the tables', async () => {
    // A Pod that is made while no agent runs is what this is about: the node is not closed meanwhile.
    const first = start({ RINGFENCE_BIRTH_WHEN_AWAY: 'open' });
    const [web, client] = [await run('shop', 'web'), await run('shop', 'client')];
    clas.setView(view(shop(web, client)));
    await first.isReady();
    await acked(revision);
    await isOpen(client, web);
    // On disk: the view, and by what the tables of both are known again.
    const kept = (file: string): string =>
      existsSync(`${directory}/data/${file}`) ? readFileSync(`${directory}/data/${file}`, 'utf8') : '';
    const tables = [web, client].map(({ netns }) => basename(netns));
    await eventually(
      () => kept('view.json') !== '' && tables.every((each) => kept('tables.json').includes(each)),
    );
    const before = listing(web);
    await first.kill('SIGKILL');
    expect(await connect(client, web)).toBe('open');
    await clas.down();
    const late = await run('shop', 'late');
    const second = start();
    await eventually(() => listing(late).includes('mode=full'), undefined, 60_000);
    expect(await second.readyz()).toMatchObject({ ready: false });
    expect(await connect(client, web)).toBe('open');
    expect(await connect(late, web)).toBe('closed');
    expect(/generation=\d+/.exec(listing(web))?.[0]).toBe(/generation=\d+/.exec(before)?.[0]);
    await clas.up();
    await second.isReady();
    await eventually(async () => (await clas.acks.at(-1))?.pods.includes(web.uid));
  });

  it('does not go back behind what is in the kernel when it is killed right after a change, with nobody to ask', async () => {
    const [web, client] = [await run('shop', 'web'), await run('shop', 'client')];
    const content = shop(web, client);
    const unknownClient = { upsert: [endpoint(web, WEB)], remove: [] };
    await startWith(view({ ...content, endpoints: unknownClient }));
    await acked(revision);
    const before = revision;
    // From now on nothing is about to be written anyway.
    await eventually(
      () =>
        existsSync(`${directory}/data/view.json`) &&
        readFileSync(`${directory}/data/view.json`, 'utf8').includes(`"revision":${before}`),
    );
    clas.send(
      view({
        base: before,
        endpoints: { upsert: [endpoint(client, CLIENT)], remove: [] },
        namespaces: undefined,
      }),
    );
    await acked(revision);
    await agent?.kill('SIGKILL');
    await clas.down();
    agent = start();
    await eventually(agent.readyz, ({ missing }) => missing?.includes('no answer') === false);
    // As long as the first passes of its successor may take.
    for (let look = 0; look < 20; look += 1) {
      expect(listing(web)).toContain(client.address);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(await connect(client, web)).toBe('open');
    await clas.up();
  });

  it('puts back what somebody else removed, and survives the loss of its kernel helper', async () => {
    const running = start();
    const [web, client] = [await run('shop', 'web'), await run('shop', 'client')];
    clas.setView(view(shop(web, client)));
    await running.isReady();
    await eventually(() => connect(client, web).then((outcome) => outcome === 'open'));
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
    const delta = view({
      base: revision,
      namespaces: undefined,
      groups: { upsert: [], remove: [] },
      endpoints: { upsert: [], remove: [client.uid] },
    });
    clas.send(delta);
    await eventually(() => connect(client, web).then((outcome) => outcome === 'closed'));
    expect(await running.metrics()).toMatch(/cven_helper_restarts_total\S* 1/);
  });

  it('lets go of a namespace soon after its sandbox has ended', async () => {
    await startWith(view());
    await acked(revision);
    const helper = Number(execFileSync('pgrep', ['-P', String(agent?.pid)], { encoding: 'utf8' }).trim());
    const before = { open: openSockets(helper), namespaces: node.podNamespaces().length };
    const burst = await Promise.all([1, 2, 3, 4].map((n) => node.run('shop', `burst-${n}`)));
    await eventually(() => openSockets(helper) >= before.open + 4 * SOCKETS_OF_A_CONTEXT);
    await Promise.all(burst.map((sandbox) => node.stop(sandbox)));
    await eventually(() => openSockets(helper) <= before.open + LISTENERS, undefined, 10_000);
    expect(node.podNamespaces().length).toBe(before.namespaces);
  });

  it('removes everything that it made when the node is unpaired, and comes back when it is paired again', async () => {
    const running = start();
    const [web, client] = [await run('shop', 'web'), await run('shop', 'client')];
    clas.setView(view(shop(web, client)));
    await running.isReady();
    await eventually(() => listing(web) !== '');
    clas.send(view({ base: revision, unpaired: true }));
    await eventually(() => listing(web) === '' && listing(client) === '');
    await eventually(() =>
      clas.observations.some(({ payload }) => (payload as { status?: string }).status === 'unpaired'),
    );
    // Whoever has a copy of its key is nobody by it: the next pairing is by another one.
    expect(existsSync(`${directory}/data/node-key.json`)).toBe(false);
    clas.send(view({ base: revision, namespaces: undefined }));
    await eventually(() => listing(web) !== '' && listing(client) !== '');
  });

  it('removes what an earlier agent left that was killed between hearing that it is unpaired and doing it', async () => {
    const first = start();
    const [web, client] = [await run('shop', 'web'), await run('shop', 'client')];
    clas.setView(view(shop(web, client)));
    await first.isReady();
    await eventually(() => listing(web) !== '' && listing(client) !== '');
    const written = (): string => readFileSync(`${directory}/data/view.json`, 'utf8');
    await eventually(() => existsSync(`${directory}/data/view.json`) && written().includes(web.uid));
    await first.kill('SIGKILL');
    const unpaired = view({ base: revision, namespaces: undefined, unpaired: true });
    appendFileSync(`${directory}/data/view-changes.jsonl`, `${JSON.stringify(viewMessage(unpaired))}\n`);
    clas.setView(undefined);
    clas.observations.length = 0;
    start();
    await eventually(() =>
      clas.observations.some(({ payload }) => (payload as { status?: string }).status === 'unpaired'),
    );
    expect([listing(web), listing(client)]).toEqual(['', '']);
  });

  it('believes nothing of what was left by an agent of another machine, or of another cluster', async () => {
    const left = `${directory}/data/view.json`;
    const running = start();
    clas.setView(view());
    await running.isReady();
    await eventually(() => existsSync(left));
    const content = readFileSync(left);
    clas.setView(undefined);
    const next = async (): Promise<void> => {
      await agent?.kill('SIGKILL');
      writeFileSync(left, content);
      start();
      await eventually(() => !existsSync(left));
    };
    clas.credentialRequests.length = 0;
    await agent?.kill('SIGKILL');
    writeFileSync(`${directory}/machine-id`, 'machine-2\n');
    await next();
    await eventually(() => clas.credentialRequests.length > 0);
    expect(clas.credentialRequests[0]).toMatchObject({ machineId: 'machine-2' });
    await eventually(() => existsSync(`${directory}/data/owner.json`));
    const owner = JSON.parse(readFileSync(`${directory}/data/owner.json`, 'utf8')) as object;
    writeFileSync(`${directory}/data/owner.json`, JSON.stringify({ ...owner, cluster: 'another' }));
    await next();
  });

  it('says in one line why it cannot start with a wrong pairing key', async () => {
    const running = start({ RINGFENCE_PAIRING_KEY: 'wrong' });
    expect(await running.kill('SIGCONT')).toBe(1);
    agent = undefined;
  });

  const startWith = async (first: NodeView): Promise<void> => {
    clas.setView(first);
    await start().isReady();
  };
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
