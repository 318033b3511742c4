/** Stands in for nodes in tests: Pods bound to one of its nodes run and become ready at once, and end when asked to. */
import type { Cluster } from '../../api/cluster.js';
import type { Pod } from '../../api/kube-object.js';
import { timestamp } from '../../api/metadata-rules.js';
import { keyOf, targetOfKey, WorkQueue } from '../work-queue.js';

export interface FakeKubelet {
  /** How Pods start from now on; a Pod that is told to end does so with exit code 0 or 1. */
  behaviour: 'ready' | 'not-ready' | 'succeed' | 'fail';
  close(): Promise<void>;
}

export async function startFakeKubelet(cluster: Cluster, nodeNames: readonly string[]): Promise<FakeKubelet> {
  const pods = cluster.resource('pods');
  let nextAddress = 1;
  const kubelet: FakeKubelet = {
    behaviour: 'ready',
    close: async () => {
      stop();
      await queue.close();
    },
  };
  const queue = new WorkQueue((key) => {
    const { namespace, name } = targetOfKey(key);
    const pod = pods.find(namespace, name);
    if (pod === undefined || !nodeNames.includes(pod.spec.nodeName ?? '')) return;
    if (pod.metadata.deletionTimestamp !== undefined) pods.remove(pod.metadata, { gracePeriodSeconds: 0 });
    else if (pod.status?.podIP === undefined) run(pod);
  });
  const run = (pod: Pod): void => {
    const podIP = `10.244.${nextAddress >> 8}.${nextAddress & 255}`;
    nextAddress += 1;
    pods.modifyStatus(pod.metadata, (draft) => {
      draft.status = {
        ...draft.status,
        podIP,
        podIPs: [{ ip: podIP }],
        ...outcome(kubelet.behaviour, timestamp(cluster.now())),
      };
    });
  };
  const stop = pods.watch(({ object }) => queue.add(keyOf(object)));
  for (const name of nodeNames) {
    if (cluster.resource('nodes').find(undefined, name) === undefined)
      await cluster.resource('nodes').create({ metadata: { name }, spec: {} });
  }
  return kubelet;
}

function outcome(behaviour: FakeKubelet['behaviour'], lastTransitionTime: string): Pod['status'] {
  if (behaviour === 'succeed') return { phase: 'Succeeded' };
  if (behaviour === 'fail') return { phase: 'Failed' };
  const status = behaviour === 'ready' ? 'True' : 'False';
  return { phase: 'Running', conditions: [{ type: 'Ready', status, lastTransitionTime }] };
}
