import { apiClient, fromKubeconfig, patchPodConditions } from '@ringfence/kubernetes';
import type { ApiClient } from '@ringfence/kubernetes';
// eslint-disable-next-line @nx/enforce-module-boundaries -- a real API server to speak with, in specs only
import { startApiServer, type ApiServer } from '@ringfence/sandbox';
import { noMetrics } from '@ringfence/bus';
import type { PodReadiness } from '@ringfence/contracts';
import { eventually } from '@ringfence/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ReadinessNet } from './readiness-net.js';

const GATE = 'illumio.com/policy-ready';
let api: ApiServer;
let client: ApiClient;
let written = 0;
let net: ReadinessNet;

beforeAll(async () => {
  api = await startApiServer();
  client = apiClient(fromKubeconfig(api.kubeconfig, 'kubeconfig'));
  const metrics = { ...noMetrics, counter: () => ({ add: () => void (written += 1) }) };
  net = new ReadinessNet({ client, metrics, onTrouble: () => undefined });
});
afterAll(async () => {
  await net?.close();
  await client?.close();
  await api?.close();
});

interface Shown {
  readonly metadata: { readonly uid: string; readonly resourceVersion: string };
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly reason: string }[] };
}
const shown = (name: string): Shown => api.cluster.resource('pods').find('default', name) as unknown as Shown;
const conditionOf = (name: string) => shown(name).status?.conditions?.find(({ type }) => type === GATE);

async function toldPod(name: string, reason: PodReadiness['reason'] = 'PolicyReady'): Promise<PodReadiness> {
  await api.cluster.resource('pods').create({
    metadata: { name, namespace: 'default' },
    spec: {
      nodeName: 'n1',
      containers: [{ name: 'web', image: 'web' }],
      readinessGates: [{ conditionType: GATE }],
    },
  } as never);
  const podUid = shown(name).metadata.uid;
  return { podUid, namespace: 'default', name, ready: true, reason, message: 'as told', gates: [GATE] };
}

describe('a Pod that was told to be ready', () => {
  it('becomes ready while Kubelink is silent, with the same words', async () => {
    net.told(await toldPod('alone', 'PolicyReadyTimeout'));
    const condition = await eventually(() => conditionOf('alone'));
    expect(condition).toMatchObject({ status: 'True', reason: 'PolicyReadyTimeout', message: 'as told' });
    await eventually(() => written === 1);
  });

  it('is left as it is where Kubelink has written it, and never told not to be ready', async () => {
    const readiness = await toldPod('with-kubelink');
    const { podUid: uid, namespace, name, reason, message } = readiness;
    const conditions = [{ type: GATE, status: true, reason, message }];
    await patchPodConditions(client, { namespace, name, uid, conditions, at: new Date() });
    const version = shown(name).metadata.resourceVersion;
    net.told(readiness);
    const pending = await toldPod('pending');
    net.told({ ...pending, ready: false, reason: 'PolicyPending' });
    // Whoever comes later is looked at later.
    net.told(await toldPod('later'));
    await eventually(() => conditionOf('later'));
    expect(shown(name).metadata.resourceVersion).toBe(version);
    expect(conditionOf('pending')).toBeUndefined();
    await eventually(() => written === 2);
  });
});
