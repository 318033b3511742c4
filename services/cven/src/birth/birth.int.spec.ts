/**
 * Closed at birth, seen from outside: real containerd, the real plugin and agent, and Pods whose own first instruction
 * connects where it may not, while somebody on the node tries to reach them from before they exist.
 */
import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { eventually } from '@ringfence/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startAgent } from '../testing/agent-process.js';
import type { AgentProcess } from '../testing/agent-process.js';
import { startClasStub } from '../testing/clas-stub.js';
import type { ClasStub } from '../testing/clas-stub.js';
import { compiledPlugin } from '../testing/cni-plugin.js';
import { startContainerdNode } from '../testing/containerd-node.js';
import type { ContainerdNode, RunningSandbox } from '../testing/containerd-node.js';
import { compiledHelper } from '../testing/testbed.js';
import { viewOf } from '../testing/views.js';

const [FORBIDDEN_PEER, POD_PORT] = ['7009', '7010'];

/** What got through, by Pod address. */
interface Witness {
  readonly seen: ReadonlySet<string>;
  close(): Promise<void>;
}

async function startWitness(node: ContainerdNode): Promise<Witness> {
  const script = fileURLToPath(new URL('../testing/birth-witness.mjs', import.meta.url));
  const range = ['10.251.0', '2', '120'];
  const child: ChildProcess = spawn(
    'nsenter',
    [`--net=${node.netns}`, process.execPath, script, FORBIDDEN_PEER, POD_PORT, ...range],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  const seen = new Set<string>();
  if (child.stdout !== null) createInterface({ input: child.stdout }).on('line', (line) => seen.add(line));
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  await eventually(() => seen.delete('ready'));
  return {
    seen,
    close: () => {
      child.stdin?.end();
      return ended;
    },
  };
}

describe('a Pod is closed at birth', () => {
  let node: ContainerdNode;
  let clas: ClasStub;
  let witness: Witness;
  let agent: AgentProcess | undefined;
  let directory: string;
  let revision = 1;
  const pods: RunningSandbox[] = [];

  beforeAll(async () => {
    compiledHelper();
    compiledPlugin();
    node = await startContainerdNode({
      program: (nodeAddress) =>
        `while :; do busybox nc -w 1 ${nodeAddress} ${FORBIDDEN_PEER} </dev/null; busybox usleep 100000; done & ` +
        `exec busybox nc -ll -p ${POD_PORT} -e /bin/busybox true`,
    });
    clas = await startClasStub(node.hostAddress);
  });
  afterAll(async () => {
    await node.close();
    await clas.close();
  });
  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'rfb-'));
    writeFileSync(join(directory, 'machine-id'), 'machine-1\n');
    witness = await startWitness(node);
    clas.setView(viewOf({ revision: ++revision, namespaces: [{ name: 'shop', mode: 'full' }] }));
  });
  afterEach(async () => {
    await agent?.kill('SIGKILL');
    agent = undefined;
    await Promise.all(pods.splice(0).map((pod) => node.stop(pod)));
    await witness.close();
    rmSync(directory, { recursive: true, force: true });
  });

  const running = async (env: Record<string, string> = {}): Promise<AgentProcess> => {
    agent = startAgent({ node, clasUrl: clas.url, directory, env });
    await agent.isReady();
    await eventually(() => lastPlugin() === 'ringfence-cni');
    return agent;
  };
  const lastPlugin = (name = winner()): unknown => plugins(name).at(-1)?.['type'];
  const plugins = (name: string): Record<string, unknown>[] =>
    (JSON.parse(readFileSync(join(node.cni.config, name), 'utf8')) as { plugins: Record<string, unknown>[] })
      .plugins;
  const winner = (): string =>
    readdirSync(node.cni.config)
      .filter((name) => /list$/.test(name))
      .sort()[0] ?? '';
  const put = (name: string, content: unknown): void => {
    writeFileSync(join(node.cni.config, `${name}.new`), JSON.stringify(content));
    renameSync(join(node.cni.config, `${name}.new`), join(node.cni.config, name));
  };
  const run = async (namespace: string, name: string): Promise<{ address: string; ms: number }> => {
    const started = performance.now();
    const pod = await node.run(namespace, name);
    pods.push(pod);
    return { address: await node.addressOf(pod), ms: performance.now() - started };
  };
  const burst = (namespace: string, count: number): Promise<{ address: string; ms: number }[]> =>
    Promise.all(Array.from({ length: count }, (_, n) => run(namespace, `${namespace}-${n}`)));
  /** Both directions have had their chance. */
  const gotThrough = async (address: string): Promise<void> => {
    await eventually(
      () => [...witness.seen].filter((line) => line.endsWith(` ${address}`)),
      (lines) => lines.length === 2,
    );
  };
  const byHand = (...words: string[]): string =>
    execFileSync(join(node.cni.binaries, 'ringfence-cni'), [...words, '--dir', `${directory}/birth`], {
      encoding: 'utf8',
    });

  it('lets no packet of 20 new Pods through in either direction, whose policy comes late or never', async () => {
    const { metrics } = await running();
    const shop = await burst('shop', 20);
    const free = await run('elsewhere', 'free');
    await gotThrough(free.address);
    // The last of them has had as much time as the unmanaged one needed, and a second more.
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    const through = shop.filter(
      ({ address }) => witness.seen.has(`in ${address}`) || witness.seen.has(`out ${address}`),
    );
    expect(through).toEqual([]);
    expect(await metrics()).toMatch(/cven_births_total\{[^}]*locked[^}]*\} 20/);
  });

  it('holds nobody back whose namespace is not managed, and nobody who ends, while the agent is stopped', async () => {
    const { kill } = await running();
    await run('shop', 'before');
    void kill('SIGSTOP');
    const held = run('shop', 'held').then(
      () => 'started',
      (error: Error) => error.message,
    );
    const free = await run('elsewhere', 'free');
    await gotThrough(free.address);
    const started = performance.now();
    const [before] = pods.splice(0, 1);
    if (before !== undefined) await node.stop(before);
    expect(performance.now() - started).toBeLessThan(5_000);
    expect(await held).toMatch(/network is not ready: Ringfence's agent on this node does not answer/);
    void kill('SIGCONT');
    await run('shop', 'after');
    const through = [...witness.seen].filter((line) => !line.endsWith(` ${free.address}`));
    expect(through).toEqual([]);
  });

  it('stays closed when the agent is killed, until somebody opens the node by hand, which is reported', async () => {
    await (await running()).kill('SIGKILL');
    await expect(run('shop', 'held')).rejects.toThrow(
      /network is not ready: .*agent on this node is not running/,
    );
    const free = await run('elsewhere', 'free');
    await gotThrough(free.address);
    byHand('open', '--for', '1h', '--reason', 'the agent is lost');
    const opened = await run('shop', 'opened');
    await gotThrough(opened.address);
    const { metrics, readyz } = await running();
    await eventually(async () => JSON.stringify(await readyz()).includes('open by hand until'));
    await eventually(async () => /cven_birth_recorded_total\S* 2/.test(await metrics()));
    byHand('close');
    await eventually(async () => /cven_open_by_hand\S* 0/.test(await metrics()));
  });

  it('is put back where the chain is rewritten, follows the file that wins, and leaves with the pairing', async () => {
    await running();
    const own = winner();
    const original = { cniVersion: '0.4.0', name: 'test', plugins: plugins(own).slice(0, -1) };
    put(own, original);
    await eventually(() => lastPlugin(own) === 'ringfence-cni');
    put('05-earlier.conflist', original);
    await eventually(() => lastPlugin('05-earlier.conflist') === 'ringfence-cni');
    await run('shop', 'through-the-new-file');
    clas.send({ ...viewOf({ revision: revision + 1, base: revision }), unpaired: true });
    await eventually(
      () => ![own, '05-earlier.conflist'].some((name) => lastPlugin(name) === 'ringfence-cni'),
    );
    const free = await run('shop', 'free');
    await gotThrough(free.address);
    rmSync(join(node.cni.config, '05-earlier.conflist'));
    revision += 1;
  });

  it('stays closed and reachable when somebody takes away what lies where agent and plugin meet', async () => {
    const { metrics } = await running();
    const meeting = join(directory, 'birth');
    await eventually(() => existsSync(join(meeting, 'settings')));
    rmSync(meeting, { recursive: true });
    await eventually(() => ['settings', 'agent.sock'].every((name) => existsSync(join(meeting, name))));
    const { address } = await run('shop', 'after');
    expect(await metrics()).toMatch(/cven_births_total\{[^}]*locked[^}]*\} 1/);
    expect([...witness.seen].filter((line) => line.endsWith(` ${address}`))).toEqual([]);
  });

  it('leaves with the pairing also a chain that cannot be read at first, and says so only then', async () => {
    const { readyz } = await running();
    const broken = join(node.cni.config, '99-broken.conflist');
    const isToldUnpaired = (): boolean =>
      clas.observations.some(({ payload }) => (payload as { status?: string }).status === 'unpaired');
    mkdirSync(broken);
    clas.observations.length = 0;
    clas.send({ ...viewOf({ revision: ++revision, base: revision - 1 }), unpaired: true });
    await eventually(async () => JSON.stringify(await readyz()).includes('cannot be taken out: EISDIR'));
    expect(existsSync(join(directory, 'birth/settings'))).toBe(false);
    expect(isToldUnpaired()).toBe(false);
    rmSync(broken, { recursive: true });
    await eventually(isToldUnpaired);
    expect(lastPlugin()).not.toBe('ringfence-cni');
  });

  it('guards the node where no plugin can be had: nobody speaks whom the agent has not placed, alive or dead', async () => {
    agent = startAgent({ node, clasUrl: clas.url, directory, env: { RINGFENCE_CNI: 'guard' } });
    await agent.isReady();
    await eventually(() => guard() !== '' && guardRules().includes('10.251.0.0/24'));
    expect(JSON.stringify(await agent.readyz())).toContain(
      'drops packets of Pods that the agent has not placed yet',
    );
    const shop = await burst('shop', 5);
    const free = await run('elsewhere', 'free');
    await gotThrough(free.address);
    await agent.kill('SIGKILL');
    const late = await run('elsewhere', 'late');
    const lateShop = await run('shop', 'late');
    await gotThrough(free.address);
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    const passed = (pod: { address: string }): boolean =>
      witness.seen.has(`in ${pod.address}`) || witness.seen.has(`out ${pod.address}`);
    expect([...shop, late, lateShop].filter(passed)).toEqual([]);
    agent = startAgent({ node, clasUrl: clas.url, directory, env: { RINGFENCE_CNI: 'guard' } });
    await gotThrough(late.address);
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect([...shop, lateShop].filter(passed)).toEqual([]);
    clas.send({ ...viewOf({ revision: ++revision, base: revision - 1 }), unpaired: true });
    await eventually(() => guard() === '');
  });

  it('takes away what an earlier agent guarded by, where new Pods go through the plugin now, or through nothing', async () => {
    const guarding = async (): Promise<void> => {
      agent = startAgent({ node, clasUrl: clas.url, directory, env: { RINGFENCE_CNI: 'guard' } });
      await eventually(() => guard() !== '');
      await agent.kill('SIGKILL');
    };
    await guarding();
    await running();
    await gotThrough((await run('elsewhere', 'by-the-plugin')).address);
    expect(guard()).toBe('');
    await agent?.kill('SIGKILL');
    await guarding();
    expect(lastPlugin()).not.toBe('ringfence-cni');
    agent = startAgent({ node, clasUrl: clas.url, directory, env: { RINGFENCE_CNI: 'off' } });
    await gotThrough((await run('elsewhere', 'by-nothing')).address);
    expect(guard()).toBe('');
  });

  // Its name alone: while a table is loaded, nft 1.0.6 may fall over a rule whose set it has not seen.
  const guard = (): string => (nft('tables').includes('ringfence_birth') ? 'there' : '');
  const guardRules = (): string => nft('table', 'inet', 'ringfence_birth');
  const nft = (...listed: string[]): string =>
    execFileSync('nsenter', [`--net=${node.netns}`, 'nft', 'list', ...listed], { encoding: 'utf8' });

  it('says where it cannot be closed', async () => {
    const hidden = mkdtempSync(join(tmpdir(), 'rfb-'));
    agent = startAgent({ node, clasUrl: clas.url, directory, env: { RINGFENCE_CNI_CONF_DIR: hidden } });
    await agent.isReady();
    const { readyz } = agent;
    await eventually(async () =>
      JSON.stringify(await readyz()).includes('not closed at birth: there is no CNI'),
    );

    writeFileSync(join(hidden, '10-test.conflist'), readFileSync(join(node.cni.config, '10-test.conflist')));
    await eventually(async () => JSON.stringify(await readyz()).includes('"closed at birth"'));
    rmSync(hidden, { recursive: true });
  });
});
