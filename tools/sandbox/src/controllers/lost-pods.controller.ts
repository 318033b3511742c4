/** Deletes Pods whose node is gone: no kubelet is left that could confirm their end. */
import type { Cluster } from '../api/cluster.js';
import { WorkQueue } from './work-queue.js';

export class LostPodsController {
  private readonly queue: WorkQueue;
  private readonly stop: () => void;

  constructor(cluster: Cluster) {
    const nodes = cluster.resource('nodes');
    const pods = cluster.resource('pods');
    this.queue = new WorkQueue((node) => {
      if (nodes.find(undefined, node) !== undefined) return;
      for (const pod of pods.list())
        if (pod.spec.nodeName === node) pods.remove(pod.metadata, { gracePeriodSeconds: 0 });
    });
    this.stop = nodes.watch(({ type, object }) => {
      if (type === 'DELETED') this.queue.add(object.metadata.name);
    });
  }

  async close(): Promise<void> {
    this.stop();
    await this.queue.close();
  }
}
