/** A new Pod speaks to nobody, and nobody to it, before its policy is in place; also when its node's agent is away. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  deployment,
  label,
  managedNamespace,
  provision,
  removeNamespace,
  ruleSet,
  service,
} from '../application.js';
import { apply, eventually, kubernetes, pods, readyPods, stackProcess } from '../world.js';

const [NAMESPACE, UNMANAGED] = ['born-closed', 'born-free'];
const labels = { app: 'born-closed', env: 'test' };
const NODE = 'node-1';

/** What a Pod's container says of its calls, from its first instruction on. */
function log(namespace: string, pod: string): Promise<string> {
  return kubernetes.text('GET', `/api/v1/namespaces/${namespace}/pods/${pod}/log`);
}

async function remove(namespace: string, name: string): Promise<void> {
  await kubernetes.request('DELETE', `/apis/apps/v1/namespaces/${namespace}/deployments/${name}`);
}

interface Event {
  readonly reason: string;
  readonly message: string;
  readonly involvedObject: { readonly name: string };
}

describe('a Pod is closed at birth', () => {
  const target = `server.${NAMESPACE}:7000`;
  const onNode = { podSpec: { nodeName: NODE } };

  beforeAll(async () => {
    for (const role of ['bc-server', 'bc-client', 'bc-thief']) await label('role', role);
    await managedNamespace(NAMESPACE, labels, 'full');
    await apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: UNMANAGED } });
    await ruleSet('born closed', labels, [
      { from: { role: 'bc-client' }, to: { role: 'bc-server' }, port: 7000 },
    ]);
    await provision('born closed');
    await apply(
      deployment(NAMESPACE, 'server', { role: 'bc-server', port: 7000 }),
      service(NAMESPACE, 'server', 7000),
    );
    await readyPods(NAMESPACE, 'server');
  });
  afterAll(async () => {
    await removeNamespace(NAMESPACE);
    await removeNamespace(UNMANAGED);
  });

  it('lets no first instruction of a new Pod connect where it may not', async () => {
    const calls = { calls: [target] };
    await apply(
      deployment(NAMESPACE, 'thief', { role: 'bc-thief', replicas: 8, ...calls }),
      deployment(NAMESPACE, 'client', { role: 'bc-client', ...calls }),
    );
    const [client] = await readyPods(NAMESPACE, 'client');
    await eventually('the client has reached the server', async () =>
      (await log(NAMESPACE, client!.name)).includes('connected to'),
    );
    for (const thief of await readyPods(NAMESPACE, 'thief', 8)) {
      await eventually(`${thief.name} has tried`, async () =>
        (await log(NAMESPACE, thief.name)).includes(target),
      );
      expect(await log(NAMESPACE, thief.name)).not.toContain('connected to');
    }
    await remove(NAMESPACE, 'thief');
  });

  it('keeps new Pods waiting while their node has no agent, says why, and holds nobody else', async () => {
    await stackProcess(`cven-${NODE}`, 'kill');
    try {
      await apply(
        deployment(NAMESPACE, 'waiting', { role: 'bc-client', ...onNode }),
        deployment(UNMANAGED, 'free', { port: 7001, ...onNode }),
      );
      await readyPods(UNMANAGED, 'free');
      await eventually('an event says why the Pod does not start', async () => {
        const events = (await kubernetes.request('GET', `/api/v1/namespaces/${NAMESPACE}/events`)) as {
          items: Event[];
        };
        return events.items.some(
          ({ reason, message, involvedObject }) =>
            reason === 'FailedCreatePodSandBox' &&
            involvedObject.name.startsWith('waiting') &&
            /network is not ready: .*"born-closed" stay closed.*open --for/.test(message),
        );
      });
      expect(await pods(NAMESPACE, 'app=waiting')).toEqual([]);
      await remove(NAMESPACE, 'client');
      await eventually('a Pod can still be deleted', async () => {
        const path = `/api/v1/namespaces/${NAMESPACE}/pods?labelSelector=app%3Dclient`;
        return ((await kubernetes.request('GET', path)) as { items: unknown[] }).items.length === 0;
      });
    } finally {
      await stackProcess(`cven-${NODE}`, 'start');
    }
    await readyPods(NAMESPACE, 'waiting');
  });
});
