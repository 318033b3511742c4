/** Pods that are made while Kubelink is silent, against a real API server. */
import { setTimeout as sleep } from 'node:timers/promises';
import { noMetrics } from '@ringfence/bus';
import type { NodeAck } from '@ringfence/contracts';
import { apiClient, fromKubeconfig } from '@ringfence/kubernetes';
import type { ApiClient } from '@ringfence/kubernetes';
import { kubernetesWorkloadId } from '@ringfence/labels';
// eslint-disable-next-line @nx/enforce-module-boundaries -- a real API server to speak with, in specs only
import { startApiServer, type ApiServer } from '@ringfence/sandbox';
import { eventually } from '@ringfence/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ActorStore } from '../../domain/actor-store.js';
import {
  catalogue,
  CLUSTER,
  node,
  pod as podFacts,
  profile,
  tellLists,
  tellPolicy,
  WEB,
} from '../../testing/facts.js';
import { ReadinessNet } from '../acks/readiness-net.js';
import { UnheardPods } from './unheard-pods.js';

const GATE = 'ringfence.io/policy-ready';
const TIMER_SECONDS = 2;
let api: ApiServer;
let client: ApiClient;
let store: ActorStore;
let unheard: UnheardPods;
let net: ReadinessNet;
let foreign: string[];
let ticking: NodeJS.Timeout;

beforeAll(async () => {
  api = await startApiServer();
  client = apiClient(fromKubeconfig(api.kubeconfig, 'kubeconfig'));
  await api.cluster.resource('namespaces').create({ metadata: { name: 'shop' } });
});
afterAll(async () => {
  await client?.close();
  await api?.close();
});
beforeEach(() => {
  foreign = [];
  store = new ActorStore({ cluster: CLUSTER, readinessTimerSeconds: TIMER_SECONDS });
  store.told('labels', '', catalogue);
  store.told('profile', 'shop', profile('shop'));
  tellLists(store);
  for (const name of ['node-1', 'node-2']) {
    store.observe('node', node(name));
    store.told('node', name, { node: name, workload: name, labels: [], mode: 'visibility_only' });
  }
  tellPolicy(store, { units: [{ labelSet: WEB, mode: 'full', ingress: [], egress: [] }] });
  store.caughtUp();
  const onTrouble = () => undefined;
  net = new ReadinessNet({ client, metrics: noMetrics, onTrouble });
  const onForeign = (name: string, uid: string) => void foreign.push(`${name} ${uid}`);
  unheard = new UnheardPods({ client, store, metrics: noMetrics, onRead: settle, onForeign, onTrouble });
  ticking = setInterval(settle, 50);
});
afterEach(async () => {
  clearInterval(ticking);
  await Promise.all([unheard.close(), net.close()]);
});

/** As the store's loop does it. */
function settle(): void {
  for (const readiness of store.settle(Date.now()).readiness) net.told(readiness);
}

/** An agent that has everything that it was told. */
function acknowledge(name: string, pods: string[]): void {
  const { revision } = store.snapshot(name, new Date().toISOString());
  const ack: NodeAck = {
    node: name,
    bootId: 'b',
    revision,
    at: new Date().toISOString(),
    applyMs: 1,
    pods,
    failed: [],
  };
  store.acked(ack, Date.now());
}

const created = async (
  plural: 'deployments.apps' | 'replicasets.apps' | 'pods',
  object: object,
): Promise<string> => {
  const made = await api.cluster.resource(plural).create(object as never);
  return (made as { metadata: { uid: string } }).metadata.uid;
};
const owned = (kind: string, name: string, uid: string) => [
  { apiVersion: 'apps/v1', kind, name, uid, controller: true },
];

interface Made {
  readonly uid: string;
  readonly name: string;
  readonly deployment: string;
}
async function makePod(name: string): Promise<Made> {
  const annotations = { 'com.illumio.role': 'web', 'com.illumio.app': 'shop' };
  const template = {
    metadata: { annotations, labels: { app: name } },
    spec: { containers: [{ name: 'web', image: 'web' }] },
  };
  const spec = { replicas: 0, selector: { matchLabels: { app: name } }, template };
  const deployment = await created('deployments.apps', { metadata: { name, namespace: 'shop' }, spec });
  const ownerReferences = owned('Deployment', name, deployment);
  const set = { metadata: { name: `${name}-1`, namespace: 'shop', ownerReferences }, spec };
  const replicaSet = await created('replicasets.apps', set);
  const pod = `${name}-1-x`;
  const uid = await created('pods', {
    metadata: {
      ...{ name: pod, namespace: 'shop', annotations },
      ownerReferences: owned('ReplicaSet', `${name}-1`, replicaSet),
    },
    spec: {
      ...{ nodeName: 'node-1', containers: [{ name: 'web', image: 'web' }] },
      readinessGates: [{ conditionType: GATE }],
    },
  });
  return { uid, name: pod, deployment };
}
/** As a kubelet writes it, once its sandbox runs. */
function giveAddress(name: string, ip: string): void {
  api.cluster.resource('pods').modifyStatus({ namespace: 'shop', name }, (draft) => {
    Object.assign(draft, { status: { ...draft.status, phase: 'Running', podIP: ip, podIPs: [{ ip }] } });
  });
}
const list = (name: string, ...pods: readonly Made[]) =>
  store.heardSandboxes(
    name,
    pods.map((pod) => ({ podUid: pod.uid, namespace: 'shop', name: pod.name, addresses: [] })),
  );
function condition(name: string): { reason?: string; status?: string } | undefined {
  const found = api.cluster.resource('pods').find('shop', name) as unknown as {
    status?: { conditions?: { type: string; reason: string; status: string }[] };
  };
  return found.status?.conditions?.find(({ type }) => type === GATE);
}

describe('a Pod that Kubelink does not tell of', () => {
  it('is read from Kubernetes, gets its policy, and is told to be ready, by the timer at the latest', async () => {
    const pod = await makePod('lonely');
    list('node-1', pod);
    expect(await eventually(() => store.endpoint(pod.uid))).toMatchObject({
      ...{ labelSet: WEB.id, node: 'node-1', addresses: [] },
      workload: kubernetesWorkloadId(CLUSTER, pod.deployment),
    });
    giveAddress(pod.name, '10.244.1.9');
    await eventually(() => store.endpoint(pod.uid)?.addresses[0] === '10.244.1.9');
    // node-2 knows nothing of it, and is never heard.
    acknowledge('node-1', [pod.uid]);
    expect(await eventually(() => condition(pod.name))).toMatchObject({ status: 'True' });
    list('node-1');
    await eventually(() => store.endpoint(pod.uid) === undefined);
  });

  it('is believed of no other node than the one that Kubernetes names, and under no other name', async () => {
    const pod = await makePod('contested');
    list('node-2', pod, { ...pod, uid: 'made-up' });
    await eventually(() => foreign.length > 0);
    expect(foreign[0]).toBe(`node-2 ${pod.uid}`);
    expect([store.pod(pod.uid), store.pod('made-up')]).toEqual([undefined, undefined]);
    expect(condition(pod.name)).toBeUndefined();
  });

  it('is left to Kubelink where that speaks', async () => {
    const pod = await makePod('told');
    list('node-1', pod);
    const owner = { uid: 'as-told', kind: 'Deployment', name: 'told' };
    const { uid, name } = pod;
    const told = podFacts('told', 1, { uid, name, owner, addresses: ['10.244.1.11'] });
    store.observe('pod', told);
    const later = await makePod('later');
    list('node-1', pod, later);
    await eventually(() => store.endpoint(later.uid));
    expect(told).toMatchObject(store.pod(pod.uid)!);
    // Its own end is Kubelink's to tell, too.
    list('node-1', later);
    await sleep(0);
    expect(told).toMatchObject(store.pod(pod.uid)!);
  });
});
