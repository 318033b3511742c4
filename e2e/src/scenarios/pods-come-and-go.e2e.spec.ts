/** Pods come and go; the rules follow them, and never a moment too long. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gatedRoles, provision, removeNamespace, ruleSet } from '../application.js';
import { connect, eventually, kubernetes, readyPod, readyPods } from '../world.js';
import type { Outcome, Pod } from '../world.js';

const NAMESPACE = 'come-and-go';
const labels = { app: 'come-and-go', env: 'test' };

async function scale(name: string, replicas: number): Promise<void> {
  const path = `/apis/apps/v1/namespaces/${NAMESPACE}/deployments/${name}/scale`;
  await kubernetes.request('PATCH', path, { spec: { replicas } }, 'application/merge-patch+json');
}

describe('Pods come and go', () => {
  let client: Pod;
  let stranger: Pod;

  beforeAll(async () => {
    await gatedRoles(NAMESPACE, 'cg', 7000, ['server', 'client', 'stranger']);
    await ruleSet('come and go', labels, [
      { from: { role: 'cg-client' }, to: { role: 'cg-server' }, port: 7000 },
    ]);
    await provision('come and go');
    client = await readyPod(NAMESPACE, 'client');
    stranger = await readyPod(NAMESPACE, 'stranger');
  });
  afterAll(() => removeNamespace(NAMESPACE));

  it('lets allowed peers reach every new Pod, and nobody else', async () => {
    await scale('server', 4);
    const servers = await readyPods(NAMESPACE, 'server', 4);
    const reach = (from: Pod): Promise<Outcome[]> =>
      Promise.all(servers.map(({ address }) => connect(from, address, 7000)));
    expect(await reach(client)).toEqual(servers.map(() => 'open'));
    expect(await reach(stranger)).toEqual(servers.map(() => 'dropped'));
  });

  it('leaves no address of a Pod that is gone', async () => {
    const before = await readyPods(NAMESPACE, 'server', 4);
    await scale('server', 1);
    const [left] = await readyPods(NAMESPACE, 'server', 1);
    expect(await connect(client, left!.address, 7000)).toBe('open');
    const gone = before.filter((pod) => pod.uid !== left!.uid);
    await eventually('the addresses of ended Pods are out of the rules', async () => {
      const outcomes = await Promise.all(gone.map((pod) => connect(client, pod.address, 7000, 500)));
      return outcomes.every((outcome) => outcome === 'dropped');
    });
  });

  it('judges a Pod by what it is, when it gets the address of another', async () => {
    const seen = new Map<string, string>();
    // host-local hands out addresses in turn: replacing Pods soon meets an address that had another role.
    for (let round = 0; round < 6; round += 1) {
      await scale('server', round % 2 === 0 ? 3 : 1);
      await scale('stranger', round % 2 === 0 ? 1 : 3);
      const servers = await readyPods(NAMESPACE, 'server', round % 2 === 0 ? 3 : 1);
      const strangers = await readyPods(NAMESPACE, 'stranger', round % 2 === 0 ? 1 : 3);
      for (const pod of servers) seen.set(pod.address, 'server');
      for (const pod of strangers) seen.set(pod.address, 'stranger');
      expect(await connect(client, servers[0]!.address, 7000)).toBe('open');
      const outcomes = await Promise.all(
        strangers.map(async (pod) => [
          `${pod.name} as ${seen.get(pod.address)}`,
          await connect(pod, servers[0]!.address, 7000),
        ]),
      );
      expect(outcomes).toEqual(outcomes.map(([name]) => [name, 'dropped']));
    }
  });
});
