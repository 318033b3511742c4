/** The cluster's operations bound to one kind and typed by it, for code that runs in the same process as the API server. */
import type { DeleteOptions } from './deletion.js';
import type { KubeObject } from './kube-object.js';
import type { Collection } from './object-store.js';
import type { ResourceDefinition } from './resource-definition.js';

export interface KindChange<Kind> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: Readonly<Kind>;
  readonly previous?: Readonly<Kind>;
}

/** What a creator gives; uid, version and timestamps are the server's. */
export type Draft<Kind extends KubeObject> = Omit<Kind, 'apiVersion' | 'kind' | 'status'>;

interface Target {
  namespace?: string | undefined;
  name: string;
}

/** What a client needs of the cluster. */
export interface ObjectOperations {
  find(definition: ResourceDefinition, namespace: string | undefined, name: string): KubeObject | undefined;
  objects(definition: ResourceDefinition): Collection;
  create(definition: ResourceDefinition, object: KubeObject): Promise<KubeObject>;
  modify(
    definition: ResourceDefinition,
    target: Target,
    change: (draft: KubeObject) => KubeObject | undefined,
    options: { subresource?: 'status' },
  ): KubeObject | undefined;
  remove(
    definition: ResourceDefinition,
    namespace: string | undefined,
    name: string,
    options: DeleteOptions,
  ): unknown;
}

export class KindClient<Kind extends KubeObject> {
  constructor(
    private readonly cluster: ObjectOperations,
    readonly definition: ResourceDefinition,
  ) {}

  find(namespace: string | undefined, name: string): Kind | undefined {
    return this.cluster.find(this.definition, namespace, name) as Kind | undefined;
  }

  list(namespace?: string): Kind[] {
    return [...this.cluster.objects(this.definition).values(namespace)] as Kind[];
  }

  /** Changes from now on, delivered synchronously after each write; a listener must not write in turn, but queue the work. */
  watch(listener: (change: KindChange<Kind>) => void): () => void {
    return this.cluster
      .objects(this.definition)
      .subscribe((change) => listener(change as unknown as KindChange<Kind>));
  }

  async create(draft: Draft<Kind>): Promise<Kind> {
    const { group, version, kind } = this.definition;
    const apiVersion = group === '' ? version : `${group}/${version}`;
    return (await this.cluster.create(this.definition, { ...draft, apiVersion, kind } as KubeObject)) as Kind;
  }

  /** Changes the object as it is stored right now; does nothing when it is gone. */
  modify(target: Target, change: (draft: Kind) => void): Kind | undefined {
    return this.modifyWith(target, change, {});
  }

  modifyStatus(target: Target, change: (draft: Kind) => void): Kind | undefined {
    return this.modifyWith(target, change, { subresource: 'status' });
  }

  /** Asks for deletion; an object that is already gone is not an error. */
  remove(target: Target, options: DeleteOptions = {}): void {
    if (this.find(target.namespace, target.name) === undefined) return;
    this.cluster.remove(this.definition, target.namespace, target.name, options);
  }

  private modifyWith(
    target: Target,
    change: (draft: Kind) => void,
    options: { subresource?: 'status' },
  ): Kind | undefined {
    const apply = (draft: KubeObject): KubeObject => {
      change(draft as Kind);
      return draft;
    };
    return this.cluster.modify(this.definition, target, apply, options) as Kind | undefined;
  }
}
