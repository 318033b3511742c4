/** Keeps the numbered Pods of StatefulSets: in order, under stable names, each with its volume claims. */
import type { Cluster } from '../api/cluster.js';
import type { KindClient } from '../api/kind-client.js';
import type { KubeObject, Pod } from '../api/kube-object.js';
import type { StatefulSet } from '../api/workload-kinds.js';
import { EventRecorder } from '../events/event-recorder.js';
import { ownerLoop } from './owner-loop.js';
import type { OwnerLoop } from './owner-loop.js';
import { isActive, isEnded, isPodReady, isTerminating, podFrom, templateHash } from './pod-state.js';

const hashLabel = 'controller-revision-hash';
const indexLabel = 'apps.kubernetes.io/pod-index';

export class StatefulSetController {
  private readonly sets: KindClient<StatefulSet>;
  private readonly pods: KindClient<Pod>;
  private readonly claims: KindClient<KubeObject>;
  private readonly events: EventRecorder;
  private readonly loop: OwnerLoop<StatefulSet, Pod>;

  constructor(cluster: Cluster) {
    this.sets = cluster.resource('statefulsets.apps');
    this.pods = cluster.resource('pods');
    this.claims = cluster.resource('persistentvolumeclaims');
    this.events = new EventRecorder(cluster, 'statefulset-controller');
    this.loop = ownerLoop(this.sets, this.pods, (owner) => this.reconcile(owner));
  }

  close(): Promise<void> {
    return this.loop.close();
  }

  private async reconcile(set: StatefulSet): Promise<void> {
    if (set.metadata.deletionTimestamp !== undefined) return;
    const isSettled = (await this.grow(set)) && this.shrink(set);
    if (isSettled) this.replaceOutdated(set);
    this.report(set);
  }

  /** False while the set waits for a Pod; in order, the next Pod comes only when all before it are ready. */
  private async grow(set: StatefulSet): Promise<boolean> {
    const byIndex = new Map(this.loop.ownedBy(set).map((pod) => [indexOf(pod), pod]));
    let isComplete = true;
    for (let index = 0; index < set.spec.replicas; index += 1) {
      const pod = byIndex.get(index);
      if (pod === undefined) await this.place(set, index);
      else if (isEnded(pod) && !isTerminating(pod)) this.pods.remove(pod.metadata);
      if (pod !== undefined && isActive(pod) && isPodReady(pod)) continue;
      isComplete = false;
      if (set.spec.podManagementPolicy !== 'Parallel') return false;
    }
    return isComplete;
  }

  /** Surplus Pods go from the highest number down, one at a time unless the order does not matter. */
  private shrink(set: StatefulSet): boolean {
    const surplus = this.loop.ownedBy(set).filter((pod) => indexOf(pod) >= set.spec.replicas);
    const fromTheTop = surplus.sort((left, right) => indexOf(right) - indexOf(left));
    const next = set.spec.podManagementPolicy === 'Parallel' ? fromTheTop : fromTheTop.slice(0, 1);
    for (const pod of next) if (!isTerminating(pod)) this.pods.remove(pod.metadata);
    return surplus.length === 0;
  }

  private replaceOutdated(set: StatefulSet): void {
    if (set.spec.updateStrategy?.type === 'OnDelete') return;
    const partition = set.spec.updateStrategy?.rollingUpdate?.partition ?? 0;
    const hash = templateHash(set.spec.template);
    const outdated = this.loop
      .ownedBy(set)
      .filter((pod) => indexOf(pod) >= partition && pod.metadata.labels?.[hashLabel] !== hash);
    const [highest] = outdated.sort((left, right) => indexOf(right) - indexOf(left));
    if (highest !== undefined && !isTerminating(highest)) this.pods.remove(highest.metadata);
  }

  private async place(set: StatefulSet, index: number): Promise<void> {
    const name = `${set.metadata.name}-${index}`;
    const labels = {
      [hashLabel]: templateHash(set.spec.template),
      [indexLabel]: String(index),
      'statefulset.kubernetes.io/pod-name': name,
    };
    const draft = podFrom({ definition: this.sets.definition, object: set }, set.spec.template, {
      name,
      labels,
    });
    draft.spec.hostname = name;
    if (set.spec.serviceName) draft.spec.subdomain = set.spec.serviceName;
    for (const claim of set.spec.volumeClaimTemplates ?? []) {
      const claimName = `${claim.metadata.name}-${name}`;
      await this.ensureClaim(set, claimName, claim);
      const others = (draft.spec.volumes ?? []).filter((volume) => volume.name !== claim.metadata.name);
      draft.spec.volumes = [...others, { name: claim.metadata.name, persistentVolumeClaim: { claimName } }];
    }
    await this.pods.create(draft);
    const message = `create Pod ${name} in StatefulSet ${set.metadata.name} successful`;
    await this.events.record(set, { type: 'Normal', reason: 'SuccessfulCreate', message });
  }

  /** Claims outlive their Pods, and even the set: that is their point. */
  private async ensureClaim(
    set: StatefulSet,
    name: string,
    template: NonNullable<StatefulSet['spec']['volumeClaimTemplates']>[number],
  ): Promise<void> {
    const namespace = set.metadata.namespace ?? 'default';
    if (this.claims.find(namespace, name) !== undefined) return;
    const labels = { ...set.spec.selector.matchLabels, ...template.metadata.labels };
    await this.claims.create({ metadata: { name, namespace, labels }, spec: { ...template.spec } });
  }

  private report(set: StatefulSet): void {
    const revision = (hash: string): string => `${set.metadata.name}-${hash}`;
    const hash = templateHash(set.spec.template);
    const pods = this.loop.ownedBy(set).filter((pod) => !isEnded(pod));
    const updated = pods.filter((pod) => pod.metadata.labels?.[hashLabel] === hash);
    const older = pods.find((pod) => pod.metadata.labels?.[hashLabel] !== hash)?.metadata.labels?.[hashLabel];
    const ready = pods.filter((pod) => isActive(pod) && isPodReady(pod)).length;
    this.sets.modifyStatus(set.metadata, (draft) => {
      draft.status = {
        observedGeneration: set.metadata.generation ?? 1,
        replicas: pods.length,
        readyReplicas: ready,
        availableReplicas: ready,
        currentReplicas: older === undefined ? updated.length : pods.length - updated.length,
        updatedReplicas: updated.length,
        currentRevision: revision(older ?? hash),
        updateRevision: revision(hash),
        collisionCount: 0,
      };
    });
  }
}

function indexOf(pod: Pod): number {
  return Number(pod.metadata.name.slice(pod.metadata.name.lastIndexOf('-') + 1));
}
