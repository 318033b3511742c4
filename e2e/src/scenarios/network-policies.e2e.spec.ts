/** NetworkPolicies of a managed namespace mean what Kubernetes says, as they, their Pods and namespaces change. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deployment, managedNamespace, removeNamespace } from '../application.js';
import { explain } from '../explained.js';
import { api, apply, clusterId, connect, eventually, kubernetes, readyPod, recentFlows } from '../world.js';
import type { Pod } from '../world.js';

const [NAMESPACE, FAR] = ['netpol', 'netpol-far'];
const PORT = 7320;
const MERGE = 'application/merge-patch+json';
const SERVER = { matchLabels: { app: 'server' } };

const path = `/apis/networking.k8s.io/v1/namespaces/${NAMESPACE}/networkpolicies`;
const policy = (name: string, spec: object) =>
  apply({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name, namespace: NAMESPACE },
    spec,
  } as never);
const allow = (name: string, peer: object, port: number | string = PORT) =>
  policy(name, { podSelector: SERVER, ingress: [{ from: [peer], ports: [{ port }] }] });
const remove = (name: string) => kubernetes.request('DELETE', `${path}/${name}`);

describe('a NetworkPolicy in a namespace that is only looked at', () => {
  let server: Pod;
  let friend: Pod;
  let stranger: Pod;
  let far: Pod;

  const reaches = async (who: string, from: Pod, expected: boolean): Promise<void> =>
    eventually(`${who} ${expected ? 'reaches' : 'does not reach'} the server`, async () => {
      return (await connect(from, server.address, PORT)) === (expected ? 'open' : 'dropped');
    });
  const reachedBy = async (...who: readonly Pod[]): Promise<void> => {
    const all = { friend, stranger, far };
    for (const [name, from] of Object.entries(all)) await reaches(name, from, who.includes(from));
  };

  beforeAll(async () => {
    await managedNamespace(NAMESPACE, { app: NAMESPACE, env: 'test' }, 'visibility_only');
    await managedNamespace(FAR, { app: FAR, env: 'test' }, 'visibility_only');
    const container = {
      ...{ name: 'server', image: 'example/server:1', ports: [{ name: 'web', containerPort: PORT }] },
      readinessProbe: { tcpSocket: { port: 'web' }, periodSeconds: 1 },
    };
    await apply(
      deployment(NAMESPACE, 'server', { port: PORT, podSpec: { containers: [container] } }),
      deployment(NAMESPACE, 'friend', { port: PORT }),
      deployment(NAMESPACE, 'stranger', { port: PORT }),
      deployment(FAR, 'far', { port: PORT }),
    );
    server = await readyPod(NAMESPACE, 'server');
    friend = await readyPod(NAMESPACE, 'friend');
    stranger = await readyPod(NAMESPACE, 'stranger');
    far = await readyPod(FAR, 'far');
  });
  afterAll(async () => {
    await removeNamespace(NAMESPACE);
    await removeNamespace(FAR);
  });

  it('isolates whom it selects, and nobody else', async () => {
    await reachedBy(friend, stranger, far);
    await policy('deny-all', { podSelector: SERVER });
    await reachedBy();
    expect(await connect(server, friend.address, PORT)).toBe('open');
    expect(await connect(far, friend.address, PORT)).toBe('open');
  });

  it('lets in by podSelector on a named port, and explain and flows name it', async () => {
    await allow('friends', { podSelector: { matchLabels: { app: 'friend' } } }, 'web');
    await reachedBy(friend);
    const [letIn, keptOut] = [
      await explain(`pod:${NAMESPACE}/${friend.name}`, `pod:${NAMESPACE}/${server.name}`, {
        port: PORT,
        proto: 6,
      }),
      await explain(`pod:${FAR}/${far.name}`, `pod:${NAMESPACE}/${server.name}`, { port: PORT, proto: 6 }),
    ];
    // Its own way out is in its namespace's mode.
    expect(letIn.verdict).toBe('potentially_blocked');
    expect(JSON.stringify(letIn.ingress)).toContain(`network_policies/${NAMESPACE}/friends`);
    expect(keptOut.verdict).toBe('blocked');
    await eventually('a flow that names the policy', async () =>
      (await recentFlows()).some(
        (flow) =>
          flow.src.ip === friend.address &&
          flow.dst.ip === server.address &&
          JSON.stringify(flow).includes(`network_policies/${NAMESPACE}/friends`),
      ),
    );
  });

  it('follows the labels of Pods and of namespaces', async () => {
    await allow('trusted', { podSelector: { matchLabels: { trusted: 'yes' } } });
    await allow('blue', { namespaceSelector: { matchLabels: { team: 'blue' } } });
    await reachedBy(friend);
    const label = (at: string, labels: object) =>
      kubernetes.request('PATCH', at, { metadata: { labels } }, MERGE);
    const [podPath, farPath] = [
      `/api/v1/namespaces/${NAMESPACE}/pods/${stranger.name}`,
      `/api/v1/namespaces/${FAR}`,
    ];
    await label(podPath, { trusted: 'yes' });
    await reachedBy(friend, stranger);
    await label(farPath, { team: 'blue' });
    await reachedBy(friend, stranger, far);
    await label(podPath, { trusted: null });
    await label(farPath, { team: null });
    await reachedBy(friend);
  });

  it('lets in by address, and when all of them are deleted everybody again', async () => {
    await allow('addresses', { ipBlock: { cidr: '0.0.0.0/0', except: [`${stranger.address}/32`] } });
    await reachedBy(friend, far);
    for (const name of ['addresses', 'blue', 'trusted', 'friends']) await remove(name);
    await reachedBy();
    await remove('deny-all');
    await reachedBy(friend, stranger, far);
  });

  it('is named by its cluster when it cannot be read, and closed, until it is mended', async () => {
    const refused = async () => {
      const cluster = await api.get<{ ringfence_enforcement: { refused_network_policies: unknown } }>(
        `/container_clusters/${clusterId}`,
      );
      return JSON.stringify(cluster.ringfence_enforcement.refused_network_policies);
    };
    // As a newer Kubernetes might have it.
    await policy('odd', { podSelector: SERVER, ingress: [{ from: [{ serviceAccounts: {} }] }] });
    await eventually('the cluster names it', async () => (await refused()).includes('"name":"odd"'));
    expect(JSON.parse(await refused())).toEqual({
      count: 1,
      named: [
        {
          ...{ namespace: NAMESPACE, name: 'odd', field: 'spec.ingress[0].from[0].serviceAccounts' },
          ...{ token: 'unknown_field', message: 'is not known here', closed: ['ingress'] },
        },
      ],
    });
    await reachedBy();
    await remove('odd');
    await eventually('it is gone', async () => (await refused()) === '{"count":0,"named":[]}');
    await reachedBy(friend, stranger, far);
  });
});
