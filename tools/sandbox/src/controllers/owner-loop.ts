/**
 * What every controller of owners has in common: when an object of its kind changes, or one that such an object controls,
 * the owner is worked on, once, as it is then. One that is gone needs no work; one on which work failed comes back later.
 */
import type { KindClient } from '../api/kind-client.js';
import type { KubeObject } from '../api/kube-object.js';
import { OwnedObjects } from './owned-objects.js';
import { keyOf, targetOfKey, WorkQueue } from './work-queue.js';

export interface OwnerLoop<Owner extends KubeObject, Owned extends KubeObject> {
  /** What this owner controls. */
  ownedBy(owner: Owner): Owned[];
  /** Work on this owner, or on every one. */
  add(namespace: string | undefined, name: string): void;
  addAll(): void;
  /** Work on it again after a while, if nothing changes before. */
  again(owner: Owner, afterMs: number): void;
  /** Resolves when the owner at work is done; what waits is dropped. */
  close(): Promise<void>;
}

export function ownerLoop<Owner extends KubeObject, Owned extends KubeObject>(
  owners: KindClient<Owner>,
  owned: KindClient<Owned>,
  reconcile: (owner: Owner) => Promise<void>,
): OwnerLoop<Owner, Owned> {
  const queue = new WorkQueue(async (key) => {
    const { namespace, name } = targetOfKey(key);
    const owner = owners.find(namespace, name);
    if (owner !== undefined) await reconcile(owner);
  });
  const add = (namespace: string | undefined, name: string): void =>
    queue.add(keyOf({ metadata: { name, ...(namespace !== undefined && { namespace }) } }));
  const addAll = (): void => owners.list().forEach((owner) => queue.add(keyOf(owner)));
  const objects = new OwnedObjects(owned, (owner, object) => {
    if (owner.kind === owners.definition.kind) add(object.metadata.namespace, owner.name);
  });
  const stop = owners.watch(({ object }) => queue.add(keyOf(object)));
  addAll();
  return {
    ownedBy: (owner) => objects.of(owner),
    add,
    addAll,
    again: (owner, afterMs) => queue.addAfter(keyOf(owner), afterMs),
    close: async () => {
      stop();
      objects.close();
      await queue.close();
    },
  };
}
