/** Keeps as many Pods as a ReplicaSet (or ReplicationController) wants; which ReplicaSets there are is the Deployment's business. */
import type { Cluster } from '../api/cluster.js';
import type { KindClient } from '../api/kind-client.js';
import type { Pod } from '../api/kube-object.js';
import type { ReplicaSet, ReplicationController } from '../api/workload-kinds.js';
import { EventRecorder } from './event-recorder.js';
import { OwnedObjects } from './owned-objects.js';
import { isActive, isPodReady, podFrom, untilAvailableMs } from './pod-state.js';
import { keyOf, targetOfKey, WorkQueue } from './work-queue.js';

type Replicated = ReplicaSet | ReplicationController;

export class ReplicaSetController {
  private readonly pods: KindClient<Pod>;
  private readonly sets: KindClient<Replicated>;
  private readonly owned: OwnedObjects<Pod>;
  private readonly events: EventRecorder;
  private readonly queue = new WorkQueue((key) => this.reconcile(key));
  private readonly stop: () => void;

  constructor(
    private readonly cluster: Cluster,
    resource: 'replicasets.apps' | 'replicationcontrollers',
  ) {
    this.pods = cluster.resource('pods');
    this.sets = cluster.resource(resource) as unknown as KindClient<Replicated>;
    const { kind, singular } = this.sets.definition;
    this.events = new EventRecorder(cluster, `${singular}-controller`);
    this.owned = new OwnedObjects(this.pods, (owner, pod) => {
      if (owner.kind === kind) this.queue.add(`${pod.metadata.namespace}/${owner.name}`);
    });
    this.stop = this.sets.watch(({ object }) => this.queue.add(keyOf(object)));
    for (const set of this.sets.list()) this.queue.add(keyOf(set));
  }

  async close(): Promise<void> {
    this.stop();
    this.owned.close();
    await this.queue.close();
  }

  private async reconcile(key: string): Promise<void> {
    const { namespace, name } = targetOfKey(key);
    const set = this.sets.find(namespace, name);
    if (set === undefined) return;
    if (set.metadata.deletionTimestamp === undefined) await this.adjust(set);
    this.report(set, key);
  }

  private async adjust(set: Replicated): Promise<void> {
    const active = this.owned.of(set).filter(isActive);
    const missing = set.spec.replicas - active.length;
    for (let created = 0; created < missing; created += 1) {
      const metadata = { generateName: `${set.metadata.name}-` };
      const pod = await this.pods.create(
        podFrom({ definition: this.sets.definition, object: set }, set.spec.template, metadata),
      );
      await this.events.record(set, {
        type: 'Normal',
        reason: 'SuccessfulCreate',
        message: `Created pod: ${pod.metadata.name}`,
      });
    }
    for (const pod of leastUseful(active).slice(0, Math.max(0, -missing))) {
      this.pods.remove({ namespace: pod.metadata.namespace, name: pod.metadata.name });
      await this.events.record(set, {
        type: 'Normal',
        reason: 'SuccessfulDelete',
        message: `Deleted pod: ${pod.metadata.name}`,
      });
    }
  }

  private report(set: Replicated, key: string): void {
    const active = this.owned.of(set).filter(isActive);
    const minReadySeconds = (set.spec as { minReadySeconds?: number }).minReadySeconds ?? 0;
    const waits = active.map((pod) => untilAvailableMs(pod, minReadySeconds, this.cluster.now()));
    const pending = waits.filter((wait) => wait > 0 && Number.isFinite(wait));
    if (pending.length > 0) this.queue.addAfter(key, Math.min(...pending));
    const counts = {
      replicas: active.length,
      fullyLabeledReplicas: active.length,
      readyReplicas: active.filter(isPodReady).length,
      availableReplicas: waits.filter((wait) => wait === 0).length,
    };
    this.sets.modifyStatus(set.metadata, (draft) => {
      draft.status = { ...counts, observedGeneration: set.metadata.generation ?? 1 };
    });
  }
}

/** The first ones are the first to go: without a node, then not ready, then the youngest. */
function leastUseful(pods: readonly Pod[]): Pod[] {
  const worth = (pod: Pod): number => (pod.spec.nodeName ? 1 : 0) + (isPodReady(pod) ? 2 : 0);
  const age = (pod: Pod): number => Number(pod.metadata.resourceVersion);
  return [...pods].sort((left, right) => worth(left) - worth(right) || age(right) - age(left));
}
