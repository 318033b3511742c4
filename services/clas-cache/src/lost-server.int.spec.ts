/** What the cluster's NATS keeps on its disk is lost; nobody but clas-cache notices, and everybody comes back. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Bus } from '@ringfence/bus';
import { PodReadiness, subjects } from '@ringfence/contracts';
import { eventually } from '@ringfence/testing';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { publishPolicy } from './testing/control-plane.js';
import { CLUSTER, pod } from './testing/facts.js';
import { openSecuredCluster, tellLists } from './testing/secured-cluster.js';
import type { SecuredCluster } from './testing/secured-cluster.js';

const GATED = pod('web', 9, { readinessGates: ['ringfence.io/policy-ready'] });

let secured: SecuredCluster;
let kubelink: Bus;
let asked = 0;

beforeAll(async () => {
  secured = await openSecuredCluster();
  await publishPolicy(secured.control, 1);
  kubelink = await secured.kubelink();
  const tell = async (epoch: string): Promise<void> => {
    await kubelink.publish(subjects.observation(CLUSTER, 'pod', GATED.uid), { ...GATED, epoch });
    await tellLists(kubelink, epoch);
  };
  kubelink.subscribe(subjects.relist(CLUSTER), async () => {
    asked += 1;
    await tell(`e${asked + 1}`);
  });
  await tell('e1');
  await eventually(() => secured.isReady());
});
afterAll(() => secured.close());

async function readinessOf(pod: string): Promise<string | undefined> {
  let reason: string | undefined;
  const reader = await secured.owner.latest(
    'READINESS',
    subjects.readiness(CLUSTER, pod),
    ({ payload }) => void (reason = PodReadiness.safeParse(payload).data?.reason),
  );
  await reader.caughtUp;
  await reader.close();
  return reason;
}

describe('a cluster’s server that lost what it kept', () => {
  it('is told the lists again when its observations were purged, whether clas-cache keeps facts or not', async () => {
    for (const keepsFacts of [true, false]) {
      const before = asked;
      await secured.restartClas(async () => {
        secured.owner.send('$JS.API.STREAM.PURGE.OBSERVATIONS', {});
        if (!keepsFacts) await rm(join(secured.dataDirectory, 'facts.json'));
      });
      await eventually(async () => asked > before && (await secured.isReady()));
    }
  });

  it('gets its streams back, with the lists and what is known of Pods, when all of it went while clas-cache ran', async () => {
    const before = asked;
    await eventually(async () => (await readinessOf(GATED.uid)) === 'PolicyPending');
    await secured.clusterNats.kill();
    await rm(join(secured.clusterNats.directory, 'jetstream'), { recursive: true });
    await secured.clusterNats.start();
    await eventually(() => secured.owner.isConnected());
    await eventually(async () => (await readinessOf(GATED.uid)) === 'PolicyPending');
    await eventually(async () => asked > before && (await secured.isReady()));
    const lists = new Set<string>();
    const reader = await secured.owner.latest(
      'OBSERVATIONS',
      `obs.${CLUSTER}.list.*`,
      ({ subject }) => void lists.add(subject),
    );
    await eventually(() => lists.size === 5);
    await reader.close();
  });

  it('learns the accounts of its nodes anew', async () => {
    const states: boolean[] = [];
    const agent = await secured.cven('node-1', { onState: ({ connected }) => states.push(connected) });
    await secured.clusterNats.kill();
    await rm(join(secured.clusterNats.directory, 'accounts'), { recursive: true });
    await secured.clusterNats.start();
    await eventually(() => states.length > 1 && agent.isConnected() && kubelink.isConnected());
    await eventually(() =>
      agent.publish(subjects.ack(CLUSTER, 'node-1'), {}).then(
        () => true,
        () => false,
      ),
    );
  });
});
