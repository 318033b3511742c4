/** Empties namespaces that are being deleted and lets them go when nothing is left in them. */
import type { Cluster } from '../api/cluster.js';
import type { KindClient } from '../api/kind-client.js';
import type { KubeObject, Namespace } from '../api/kube-object.js';
import { WorkQueue } from './work-queue.js';

export class NamespaceController {
  private readonly namespaces: KindClient<Namespace>;
  private readonly queue = new WorkQueue((name) => this.reconcile(name));
  private readonly ending = new Set<string>();
  private readonly stops: (() => void)[];

  constructor(private readonly cluster: Cluster) {
    this.namespaces = cluster.resource('namespaces');
    const consider = (namespace: KubeObject): void => {
      if (namespace.metadata.deletionTimestamp === undefined) return;
      this.ending.add(namespace.metadata.name);
      this.queue.add(namespace.metadata.name);
    };
    this.stops = [
      this.namespaces.watch(({ type, object }) => {
        if (type === 'DELETED') this.ending.delete(object.metadata.name);
        else consider(object);
      }),
      // Everything that leaves an ending namespace may have been the last thing in it.
      cluster.store.subscribeToAll((_, { type, object }) => {
        const { namespace } = object.metadata;
        if (type === 'DELETED' && namespace !== undefined && this.ending.has(namespace))
          this.queue.add(namespace);
      }),
    ];
    this.namespaces.list().forEach(consider);
  }

  async close(): Promise<void> {
    this.stops.forEach((stop) => stop());
    await this.queue.close();
  }

  private reconcile(name: string): void {
    const namespace = this.namespaces.find(undefined, name);
    if (namespace?.metadata.deletionTimestamp === undefined) return;
    let remaining = 0;
    for (const [resource, collection] of this.cluster.store.all()) {
      for (const object of [...collection.values(name)]) remaining += this.isGone(resource, object) ? 0 : 1;
    }
    if (remaining > 0) return;
    this.namespaces.modify(namespace.metadata, (draft) => {
      draft.spec = { ...draft.spec, finalizers: [] };
    });
  }

  private isGone(resource: string, object: KubeObject): boolean {
    if (object.metadata.deletionTimestamp !== undefined) return false;
    const definition = this.cluster.catalog.named(resource);
    const { namespace, name } = object.metadata;
    if (this.cluster.find(definition, namespace, name) === undefined) return true;
    return this.cluster.remove(definition, namespace, name, { propagationPolicy: 'Background' }).isGone;
  }
}
