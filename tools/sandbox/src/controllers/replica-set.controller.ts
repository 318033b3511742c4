/** Keeps as many Pods as a ReplicaSet (or ReplicationController) wants; which ReplicaSets there are is the Deployment's business. */
import type { Cluster } from '../api/cluster.js';
import type { KindClient } from '../api/kind-client.js';
import type { Pod } from '../api/kube-object.js';
import type { ReplicaSet, ReplicationController } from '../api/workload-kinds.js';
import { EventRecorder } from '../events/event-recorder.js';
import { ownerLoop } from './owner-loop.js';
import type { OwnerLoop } from './owner-loop.js';
import { isActive, isPodReady, podFrom, untilAvailableMs } from './pod-state.js';

type Replicated = ReplicaSet | ReplicationController;

export class ReplicaSetController {
  private readonly pods: KindClient<Pod>;
  private readonly sets: KindClient<Replicated>;
  private readonly events: EventRecorder;
  private readonly loop: OwnerLoop<Replicated, Pod>;

  constructor(
    private readonly cluster: Cluster,
    resource: 'replicasets.apps' | 'replicationcontrollers',
  ) {
    this.pods = cluster.resource('pods');
    this.sets = cluster.resource(resource);
    const { singular } = this.sets.definition;
    this.events = new EventRecorder(cluster, `${singular}-controller`);
    this.loop = ownerLoop(this.sets, this.pods, (owner) => this.reconcile(owner));
  }

  close(): Promise<void> {
    return this.loop.close();
  }

  private async reconcile(set: Replicated): Promise<void> {
    if (set.metadata.deletionTimestamp === undefined) await this.adjust(set);
    this.report(set);
  }

  private async adjust(set: Replicated): Promise<void> {
    const active = this.loop.ownedBy(set).filter(isActive);
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

  private report(set: Replicated): void {
    const active = this.loop.ownedBy(set).filter(isActive);
    const minReadySeconds = (set.spec as { minReadySeconds?: number }).minReadySeconds ?? 0;
    const waits = active.map((pod) => untilAvailableMs(pod, minReadySeconds, this.cluster.now()));
    const pending = waits.filter((wait) => wait > 0 && Number.isFinite(wait));
    if (pending.length > 0) this.loop.again(set, Math.min(...pending));
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
