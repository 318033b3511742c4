import { connectBus, ensureStreams } from '@ringfence/bus';
import type { Bus } from '@ringfence/bus';
import type { PodReadiness } from '@ringfence/contracts';
import { apiClient, fromKubeconfig, patchPodConditions } from '@ringfence/kubernetes';
import type { ApiClient } from '@ringfence/kubernetes';
// eslint-disable-next-line @nx/enforce-module-boundaries -- a real API server to speak with, in specs only
import { startApiServer, type ApiServer } from '@ringfence/sandbox';
import { eventually, startNats } from '@ringfence/testing';
import type { NatsServer } from '@ringfence/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PodConditions } from './readiness.consumer.js';

const CLUSTER = '11111111-1111-4111-8111-111111111111';
const GATE = 'ringfence.io/policy-ready';

let api: ApiServer;
let nats: NatsServer;
let clas: Bus;
let direct: ApiClient;

beforeAll(async () => {
  api = await startApiServer();
  nats = await startNats();
  clas = await connectBus({ servers: nats.url, name: 'clas-cache', server: 'cluster' });
  await ensureStreams(clas, 'cluster');
  direct = apiClient(fromKubeconfig(api.kubeconfig, 'kubeconfig'));
});
afterAll(async () => {
  await clas?.close();
  await direct?.close();
  await nats?.close();
  await api?.close();
});

async function gatedPod(name: string): Promise<{ uid: string }> {
  const made = await api.cluster.resource('pods').create({
    metadata: { name, namespace: 'default' },
    spec: {
      nodeName: 'n1',
      containers: [{ name: 'web', image: 'web' }],
      readinessGates: [{ conditionType: GATE }],
    },
  } as never);
  return { uid: (made.metadata as { uid: string }).uid };
}

function condition(name: string): { reason: string; status: string } | undefined {
  const pod = api.cluster.resource('pods').find('default', name) as unknown as {
    status?: { conditions?: { type: string; reason: string; status: string }[] };
  };
  return pod.status?.conditions?.find(({ type }) => type === GATE);
}

describe('the conditions of Pods', () => {
  it('end with the newest word, also when an older one is long under way', async () => {
    const { uid } = await gatedPod('slow');
    let patches = 0;
    let done = 0;
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const slowAtFirst: ApiClient = {
      ...direct,
      patch: async (...args) => {
        patches += 1;
        if (patches === 1) await held;
        await direct.patch(...args);
        done += 1;
      },
    };
    const conditions = new PodConditions({
      client: slowAtFirst,
      written: { add: () => undefined },
      givenUp: { add: () => undefined },
      onTrouble: () => undefined,
    });
    await conditions.follow(clas, CLUSTER);
    const tell = (ready: boolean, reason: PodReadiness['reason']): Promise<unknown> =>
      clas.publish(`policy.${CLUSTER}.readiness.${uid}`, {
        ...{ podUid: uid, namespace: 'default', name: 'slow', ready, reason },
        ...{ message: reason, gates: [GATE] },
      });
    await tell(false, 'PolicyPending');
    await eventually(() => patches === 1);
    await tell(true, 'PolicyReady');
    // Of another Pod, told later: when it is written, the newer word on the first has been taken, too.
    const other = await gatedPod('quick');
    await clas.publish(`policy.${CLUSTER}.readiness.${other.uid}`, {
      ...{ podUid: other.uid, namespace: 'default', name: 'quick', ready: true, reason: 'PolicyReady' },
      ...{ message: 'quick', gates: [GATE] },
    });
    await eventually(() => condition('quick')?.status === 'True');
    release();
    await eventually(() => done === 3);
    await conditions.close();
    expect(condition('slow')).toMatchObject({ status: 'True', reason: 'PolicyReady' });
  });

  it('never take back that a Pod is ready, whoever wrote it', async () => {
    const { uid } = await gatedPod('written');
    const conditions = new PodConditions({
      client: direct,
      written: { add: () => undefined },
      givenUp: { add: () => undefined },
      onTrouble: () => undefined,
    });
    await conditions.follow(clas, CLUSTER);
    const ready = [{ type: GATE, status: true, reason: 'PolicyReady', message: 'by clas-cache' }];
    const pod = { namespace: 'default', name: 'written', uid, conditions: ready, at: new Date() };
    await patchPodConditions(direct, pod);
    const say = (name: string, podUid: string, isReady: boolean): Promise<unknown> =>
      clas.publish(`policy.${CLUSTER}.readiness.${podUid}`, {
        ...{ podUid, namespace: 'default', name, ready: isReady, gates: [GATE], message: 'later' },
        reason: isReady ? 'PolicyReady' : 'PolicyPending',
      });
    await say('written', uid, false);
    const other = await gatedPod('after');
    await say('after', other.uid, true);
    await eventually(() => condition('after')?.status === 'True');
    await conditions.close();
    expect(condition('written')).toMatchObject({ status: 'True', reason: 'PolicyReady' });
  });
});
