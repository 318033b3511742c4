/** Turns Deployments into ReplicaSets and moves replicas from the old ones to the new one; Pods are the ReplicaSets' business. */
import type { Cluster } from '../api/cluster.js';
import type { KindClient } from '../api/kind-client.js';
import { copyOf } from '../api/json.js';
import type { Pod } from '../api/kube-object.js';
import type { Deployment, ReplicaSet } from '../api/workload-kinds.js';
import { deploymentStatus } from './deployment-status.js';
import { EventRecorder } from '../events/event-recorder.js';
import { ownerLoop } from './owner-loop.js';
import type { OwnerLoop } from './owner-loop.js';
import { controllerOf, ownerReference } from './owned-objects.js';
import { templateHash } from './pod-state.js';
import { planRollout } from './rollout-plan.js';

const revisionAnnotation = 'deployment.kubernetes.io/revision';
const hashLabel = 'pod-template-hash';

export class DeploymentController {
  private readonly deployments: KindClient<Deployment>;
  private readonly sets: KindClient<ReplicaSet>;
  private readonly events: EventRecorder;
  private readonly loop: OwnerLoop<Deployment, ReplicaSet>;
  private readonly stopWatching: () => void;

  constructor(private readonly cluster: Cluster) {
    this.deployments = cluster.resource('deployments.apps');
    this.sets = cluster.resource('replicasets.apps');
    this.events = new EventRecorder(cluster, 'deployment-controller');
    this.loop = ownerLoop(this.deployments, this.sets, (owner) => this.reconcile(owner));
    this.stopWatching = cluster
      .resource('pods')
      .watch(({ type, object }) => type === 'DELETED' && this.onPodGone(object));
  }

  async close(): Promise<void> {
    this.stopWatching();
    await this.loop.close();
  }

  /** Recreate waits for terminating Pods, which no ReplicaSet counts any more, so their end is heard of here. */
  private onPodGone(pod: Pod): void {
    const { namespace } = pod.metadata;
    const set = this.sets.find(namespace, controllerOf(pod)?.name ?? '');
    const owner = set === undefined ? undefined : controllerOf(set);
    if (owner?.kind === 'Deployment') this.loop.add(namespace, owner.name);
  }

  private async reconcile(deployment: Deployment): Promise<void> {
    if (deployment.metadata.deletionTimestamp === undefined) await this.rollOut(deployment);
    this.report(deployment);
  }

  private async rollOut(deployment: Deployment): Promise<void> {
    const hash = templateHash(deployment.spec.template);
    const known = this.loop.ownedBy(deployment).find((set) => set.metadata.labels?.[hashLabel] === hash);
    if (known === undefined && deployment.spec.paused === true) return;
    const current = known ?? (await this.sets.create(this.newSet(deployment, hash)));
    const revision = this.ensureRevision(deployment, current);
    this.deployments.modify(deployment.metadata, (draft) => {
      draft.metadata.annotations = { ...draft.metadata.annotations, [revisionAnnotation]: revision };
    });
    const old = this.loop.ownedBy(deployment).filter((set) => set.metadata.uid !== current.metadata.uid);
    const fresh = this.sets.find(current.metadata.namespace, current.metadata.name) ?? current;
    const plan = planRollout({ deployment, current: fresh, old, hasOldPods: this.hasPods(old) });
    for (const { set, replicas } of plan) await this.scale(deployment, set, replicas);
    this.dropHistory(deployment, old);
  }

  /** The set in use carries the highest revision; going back to an older template raises that set's revision. */
  private ensureRevision(deployment: Deployment, current: ReplicaSet): string {
    const revisions = this.loop.ownedBy(deployment).map((set) => ({ set, revision: revisionOf(set) }));
    const highestOther = Math.max(
      0,
      ...revisions
        .filter(({ set }) => set.metadata.uid !== current.metadata.uid)
        .map(({ revision }) => revision),
    );
    const own = revisionOf(current);
    if (own > highestOther) return String(own);
    const revision = String(highestOther + 1);
    this.sets.modify(current.metadata, (draft) => {
      draft.metadata.annotations = { ...draft.metadata.annotations, [revisionAnnotation]: revision };
    });
    return revision;
  }

  private newSet(deployment: Deployment, hash: string): Parameters<KindClient<ReplicaSet>['create']>[0] {
    const { template, selector, minReadySeconds } = deployment.spec;
    const labels = { ...template.metadata?.labels, [hashLabel]: hash };
    const { 'kubectl.kubernetes.io/last-applied-configuration': omitted, ...annotations } =
      deployment.metadata.annotations ?? {};
    void omitted;
    const spec = {
      replicas: 0,
      selector: { ...selector, matchLabels: { ...selector.matchLabels, [hashLabel]: hash } },
      template: { ...copyOf(template), metadata: { ...template.metadata, labels } },
      ...(minReadySeconds === undefined ? {} : { minReadySeconds }),
    };
    const ownerReferences = [ownerReference(this.deployments.definition, deployment)];
    const namespace = deployment.metadata.namespace ?? 'default';
    return {
      metadata: {
        name: `${deployment.metadata.name}-${hash}`,
        namespace,
        labels,
        annotations,
        ownerReferences,
      },
      spec,
    };
  }

  private async scale(deployment: Deployment, set: ReplicaSet, replicas: number): Promise<void> {
    const direction = replicas > set.spec.replicas ? 'up' : 'down';
    this.sets.modify(set.metadata, (draft) => {
      draft.spec.replicas = replicas;
    });
    const message = `Scaled ${direction} replica set ${set.metadata.name} from ${set.spec.replicas} to ${replicas}`;
    await this.events.record(deployment, { type: 'Normal', reason: 'ScalingReplicaSet', message });
  }

  /** Recreate waits for the very last old Pod, terminating ones included. */
  private hasPods(sets: readonly ReplicaSet[]): boolean {
    const owners = new Set(sets.map((set) => set.metadata.uid));
    const namespace = sets[0]?.metadata.namespace;
    if (namespace === undefined) return false;
    return this.cluster
      .resource('pods')
      .list(namespace)
      .some((pod) => pod.metadata.ownerReferences?.some(({ uid }) => owners.has(uid)));
  }

  private dropHistory(deployment: Deployment, old: readonly ReplicaSet[]): void {
    const empty = old.filter((set) => set.spec.replicas === 0 && (set.status?.replicas ?? 0) === 0);
    const surplus = empty.length - (deployment.spec.revisionHistoryLimit ?? 10);
    const oldest = [...empty].sort((left, right) => revisionOf(left) - revisionOf(right));
    for (const set of oldest.slice(0, Math.max(0, surplus))) this.sets.remove(set.metadata);
  }

  private report(deployment: Deployment): void {
    const hash = templateHash(deployment.spec.template);
    const sets = this.loop.ownedBy(deployment);
    const current = sets.find((set) => set.metadata.labels?.[hashLabel] === hash);
    this.deployments.modifyStatus(deployment.metadata, (draft) => {
      draft.status = deploymentStatus(deployment, {
        current,
        sets,
        before: draft.status,
        now: this.cluster.now(),
      });
    });
  }
}

function revisionOf(set: ReplicaSet): number {
  return Number(set.metadata.annotations?.[revisionAnnotation] ?? 0);
}
