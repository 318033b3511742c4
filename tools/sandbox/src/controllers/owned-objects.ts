/** Objects of one kind by the uid of their controlling owner, kept up to date by a watch. */
import type { KindClient } from '../api/kind-client.js';
import type { KubeObject, OwnerReference } from '../api/kube-object.js';
import type { ResourceDefinition } from '../api/resource-definition.js';
import { apiVersionOf } from '../api/resource-definition.js';

export function controllerOf(object: KubeObject): OwnerReference | undefined {
  return object.metadata.ownerReferences?.find((reference) => reference.controller === true);
}

export function ownerReference(definition: ResourceDefinition, owner: KubeObject): OwnerReference {
  const { name, uid = '' } = owner.metadata;
  return {
    apiVersion: apiVersionOf(definition),
    kind: definition.kind,
    name,
    uid,
    controller: true,
    blockOwnerDeletion: true,
  };
}

export class OwnedObjects<Kind extends KubeObject> {
  private readonly byOwner = new Map<string, Map<string, Kind>>();
  private readonly stop: () => void;

  /** `onChange` hears the owner of every changed object, after the index has taken the change in. */
  constructor(client: KindClient<Kind>, onChange: (owner: OwnerReference, object: Kind) => void) {
    this.stop = client.watch(({ type, object, previous }) => {
      if (previous !== undefined) this.forget(previous as Kind);
      if (type !== 'DELETED') this.keep(object as Kind);
      const owner = controllerOf(object) ?? (previous === undefined ? undefined : controllerOf(previous));
      if (owner !== undefined) onChange(owner, object as Kind);
    });
    for (const object of client.list()) this.keep(object);
  }

  of(owner: KubeObject): Kind[] {
    return [...(this.byOwner.get(owner.metadata.uid ?? '')?.values() ?? [])];
  }

  close(): void {
    this.stop();
  }

  private keep(object: Kind): void {
    const owner = controllerOf(object);
    if (owner === undefined) return;
    const owned = this.byOwner.get(owner.uid) ?? new Map<string, Kind>();
    this.byOwner.set(owner.uid, owned.set(object.metadata.name, object));
  }

  private forget(object: Kind): void {
    const owner = controllerOf(object);
    const owned = owner === undefined ? undefined : this.byOwner.get(owner.uid);
    owned?.delete(object.metadata.name);
    if (owner !== undefined && owned?.size === 0) this.byOwner.delete(owner.uid);
  }
}
