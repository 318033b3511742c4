/**
 * Follows owner references: what has lost all its owners goes; an owner deleted in the foreground waits for what blocks it;
 * an owner deleted as "orphan" leaves its dependents behind without a reference to it.
 */
import type { Cluster } from '../api/cluster.js';
import type { KubeObject } from '../api/kube-object.js';
import type { StoredChange } from '../api/object-store.js';
import { WorkQueue } from './work-queue.js';

interface Place {
  resource: string;
  namespace: string | undefined;
  name: string;
}

const foreground = 'foregroundDeletion';
const orphan = 'orphan';

export class GarbageController {
  private readonly placeByUid = new Map<string, Place>();
  private readonly dependents = new Map<string, Set<string>>();
  private readonly queue = new WorkQueue((uid) => this.reconcile(uid));
  private readonly stop: () => void;

  constructor(private readonly cluster: Cluster) {
    this.stop = cluster.store.subscribeToAll((resource, change) => this.take(resource, change));
    for (const [resource, collection] of cluster.store.all()) {
      for (const object of collection.values()) this.take(resource, { type: 'ADDED', object, revision: 0 });
    }
  }

  async close(): Promise<void> {
    this.stop();
    await this.queue.close();
  }

  private take(resource: string, { type, object, previous }: StoredChange): void {
    const { uid = '', namespace, name } = object.metadata;
    for (const owner of ownersOf(previous)) this.unlink(owner, uid);
    if (type === 'DELETED') return this.onGone(uid, ownersOf(previous));
    this.placeByUid.set(uid, { resource, namespace, name });
    for (const owner of ownersOf(object)) this.link(owner, uid);
    if (ownersOf(object).length > 0 || isWaiting(object)) this.queue.add(uid);
  }

  /** Its dependents may have lost their last owner, and an owner that waited for it may be free now. */
  private onGone(uid: string, owners: readonly string[]): void {
    this.placeByUid.delete(uid);
    for (const concerned of [...(this.dependents.get(uid) ?? []), ...owners]) this.queue.add(concerned);
  }

  private link(owner: string, dependent: string): void {
    const dependents = this.dependents.get(owner) ?? new Set<string>();
    this.dependents.set(owner, dependents.add(dependent));
  }

  private unlink(owner: string, dependent: string): void {
    const dependents = this.dependents.get(owner);
    dependents?.delete(dependent);
    if (dependents?.size === 0) this.dependents.delete(owner);
  }

  private reconcile(uid: string): void {
    const object = this.objectOf(uid);
    if (object === undefined) return;
    const owners = ownersOf(object);
    if (owners.length > 0 && !owners.some((owner) => this.placeByUid.has(owner)))
      return this.remove(uid, 'Background');
    if (object.metadata.deletionTimestamp === undefined) return;
    const finalizers = object.metadata.finalizers ?? [];
    if (finalizers.includes(orphan)) this.letGo(uid);
    else if (finalizers.includes(foreground)) this.clearAway(uid);
  }

  private letGo(uid: string): void {
    for (const dependent of [...(this.dependents.get(uid) ?? [])]) {
      this.modify(dependent, (draft) => {
        draft.metadata.ownerReferences = (draft.metadata.ownerReferences ?? []).filter(
          (reference) => reference.uid !== uid,
        );
      });
    }
    this.dropFinalizer(uid, orphan);
  }

  private clearAway(uid: string): void {
    const dependents = [...(this.dependents.get(uid) ?? [])];
    for (const dependent of dependents) this.remove(dependent, 'Foreground');
    const isBlocked = dependents.some((dependent) =>
      this.objectOf(dependent)?.metadata.ownerReferences?.some(
        (owner) => owner.uid === uid && owner.blockOwnerDeletion === true,
      ),
    );
    if (!isBlocked) this.dropFinalizer(uid, foreground);
  }

  private dropFinalizer(uid: string, finalizer: string): void {
    this.modify(uid, (draft) => {
      draft.metadata.finalizers = (draft.metadata.finalizers ?? []).filter((name) => name !== finalizer);
    });
  }

  private remove(uid: string, propagationPolicy: 'Background' | 'Foreground'): void {
    const place = this.placeByUid.get(uid);
    if (place === undefined || this.objectOf(uid)?.metadata.deletionTimestamp !== undefined) return;
    // Leaves have nothing to wait for; a finalizer on each would only double the writes.
    const policy = this.dependents.has(uid) ? propagationPolicy : 'Background';
    const definition = this.cluster.catalog.named(place.resource);
    this.cluster.remove(definition, place.namespace, place.name, {
      propagationPolicy: policy,
      preconditions: { uid },
    });
  }

  private modify(uid: string, change: (draft: KubeObject) => void): void {
    const place = this.placeByUid.get(uid);
    if (place === undefined) return;
    this.cluster.modify(this.cluster.catalog.named(place.resource), place, (draft) => {
      change(draft);
      return draft;
    });
  }

  private objectOf(uid: string): KubeObject | undefined {
    const place = this.placeByUid.get(uid);
    return place === undefined
      ? undefined
      : this.cluster.store.collection(place.resource).get(place.namespace ?? '', place.name);
  }
}

function ownersOf(object: KubeObject | undefined): string[] {
  return (object?.metadata.ownerReferences ?? []).map(({ uid }) => uid);
}

function isWaiting(object: KubeObject): boolean {
  if (object.metadata.deletionTimestamp === undefined) return false;
  return object.metadata.finalizers?.some((name) => name === foreground || name === orphan) ?? false;
}
