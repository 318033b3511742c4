/**
 * The operations of the API on objects, without HTTP: every write goes through here, whoever asks for it. A write is
 * complete, validate, store in one synchronous step, so no two writers ever see each other half done; only admission
 * webhooks wait, and they do so before that step.
 */
import { rowsOfCustomDefinition } from './custom-definitions.js';
import { isReleased, markedForDeletion, requirePreconditions } from './deletion.js';
import type { DeleteOptions } from './deletion.js';
import { copyOf, copyWithoutNulls, isEqual } from './json.js';
import { isSpecificationEqual, rulesOf } from './kind-rules.js';
import type { KubeObject } from './kube-object.js';
import {
  keepServerMetadata,
  requireFreshVersion,
  requireValidMetadata,
  stampNewMetadata,
  timestamp,
} from './metadata-rules.js';
import { ObjectStore } from './object-store.js';
import type { Collection, StoredChange } from './object-store.js';
import { ResourceCatalog } from './resource-catalog.js';
import { inVersion, resourceName } from './resource-definition.js';
import type { ResourceDefinition } from './resource-definition.js';
import { KindClient } from './kind-client.js';
import { ServiceAddresses } from './service-addresses.js';
import { alreadyExists, conflict, forbidden, invalid, notFound } from './status-error.js';
import type { KnownKinds } from './workload-kinds.js';

export interface ClusterOptions {
  /** Range of Service addresses; the first belongs to the API server. */
  serviceCidr: string;
  /** Changes kept per resource for watches that resume; older versions answer 410. */
  historyLimit: number;
  now?: () => Date;
}

/** Looks at what is about to be created; returns it, changed or not, or throws the refusal. */
export interface AdmissionReview {
  review(definition: ResourceDefinition, draft: KubeObject): Promise<KubeObject>;
}

export interface WriteOptions {
  dryRun?: boolean;
  /** Set for writes to `/status`: everything but the status is kept as stored. */
  subresource?: 'status';
}

export class Cluster {
  readonly catalog = new ResourceCatalog();
  readonly store: ObjectStore;
  readonly addresses: ServiceAddresses;
  readonly now: () => Date;
  private admission: AdmissionReview | undefined;

  constructor(options: ClusterOptions) {
    this.now = options.now ?? (() => new Date());
    // Hundredths of a second since 2025 run ahead of any plausible rate of writes: versions of an earlier life are older.
    this.store = new ObjectStore(
      Math.floor((this.now().getTime() - Date.UTC(2025, 0)) / 10),
      options.historyLimit,
    );
    this.addresses = new ServiceAddresses(options.serviceCidr, () =>
      this.store.collection('services').values(),
    );
    this.store
      .collection('customresourcedefinitions.apiextensions.k8s.io')
      .subscribe((change) => this.serveCustomKind(change));
  }

  /** Admission needs the cluster to find webhooks, so it is attached after construction. */
  useAdmission(admission: AdmissionReview): void {
    this.admission = admission;
  }

  /** Typed access for code that runs in this process: controllers, nodes. */
  resource<Name extends keyof KnownKinds>(name: Name): KindClient<KnownKinds[Name]> {
    return new KindClient<KnownKinds[Name]>(this, this.catalog.named(name));
  }

  objects(definition: ResourceDefinition): Collection {
    return this.store.collection(resourceName(definition));
  }

  find(definition: ResourceDefinition, namespace: string | undefined, name: string): KubeObject | undefined {
    const found = this.objects(definition).get(definition.namespaced ? (namespace ?? 'default') : '', name);
    return found === undefined ? undefined : inVersion(definition, found);
  }

  get(definition: ResourceDefinition, namespace: string | undefined, name: string): KubeObject {
    const found = this.find(definition, namespace, name);
    if (found === undefined) throw notFound(definition, name);
    return found;
  }

  async create(
    definition: ResourceDefinition,
    object: KubeObject,
    options: WriteOptions = {},
  ): Promise<KubeObject> {
    const draft = definition.isCustom ? copyOf(object) : copyWithoutNulls(object);
    stampNewMetadata(definition, draft, this.now());
    if (!definition.namespaced) delete draft.metadata.namespace;
    else draft.metadata.namespace ??= 'default';
    if (definition.subresources.includes('status') && definition.kind !== 'CustomResourceDefinition')
      delete draft.status;
    this.requireCreatable(definition, draft);
    rulesOf(definition).complete?.(draft);
    const admitted = this.admission === undefined ? draft : await this.admission.review(definition, draft);
    return this.insert(definition, admitted, options);
  }

  update(definition: ResourceDefinition, object: KubeObject, options: WriteOptions = {}): KubeObject {
    const { name, namespace } = object.metadata;
    const current = this.get(definition, namespace, name);
    requireFreshVersion(definition, object, current);
    const next =
      options.subresource === 'status'
        ? statusUpdate(current, object)
        : mainUpdate(definition, current, object);
    keepServerMetadata(next, current);
    this.complete(definition, next, current);
    requireValidMetadata(definition, next);
    const rules = rulesOf(definition);
    const causes = [...(rules.causes?.(next) ?? []), ...(rules.updateCauses?.(next, current) ?? [])];
    if (causes.length > 0) throw invalid(definition, name, causes);
    return this.replace(definition, next, current, options);
  }

  /** Reads, lets `change` produce the next object (or nothing to leave it), and writes, with no writer in between. */
  modify(
    definition: ResourceDefinition,
    target: { namespace?: string | undefined; name: string },
    change: (draft: KubeObject) => KubeObject | undefined,
    options: WriteOptions = {},
  ): KubeObject | undefined {
    const current = this.find(definition, target.namespace, target.name);
    if (current === undefined) return undefined;
    const next = change(copyOf(current));
    return next === undefined ? current : this.update(definition, next, options);
  }

  /** Binds a Pod to a node: the only way `spec.nodeName` is ever set after creation. */
  bind(namespace: string, name: string, node: string): void {
    const definition = this.catalog.named('pods');
    const current = this.get(definition, namespace, name);
    const spec = current.spec as { nodeName?: string };
    if (spec.nodeName)
      throw conflict(definition, name, `pod ${name} is already assigned to node "${spec.nodeName}"`);
    const next = copyOf(current);
    (next.spec as { nodeName?: string }).nodeName = node;
    const status = (next.status ?? {}) as { conditions?: { type: string }[] };
    const scheduled = {
      type: 'PodScheduled',
      status: 'True',
      lastTransitionTime: timestamp(this.now()),
    };
    status.conditions = [
      ...(status.conditions ?? []).filter(({ type }) => type !== 'PodScheduled'),
      scheduled,
    ];
    next.status = status;
    this.replace(definition, next, current, {});
  }

  /** Returns the object as it stands after the request: marked, or as it was when it is gone. */
  remove(
    definition: ResourceDefinition,
    namespace: string | undefined,
    name: string,
    options: DeleteOptions = {},
  ): { object: KubeObject; isGone: boolean } {
    const current = this.get(definition, namespace, name);
    requirePreconditions(definition, current, options);
    const marked = markedForDeletion(current, options, this.now());
    if (options.dryRun?.length) return { object: marked ?? current, isGone: marked === undefined };
    if (marked === undefined) return { object: this.discard(definition, current), isGone: true };
    return {
      object: isEqual(marked, current) ? current : this.commit(definition, 'MODIFIED', marked, current),
      isGone: false,
    };
  }

  private requireCreatable(definition: ResourceDefinition, draft: KubeObject): void {
    requireValidMetadata(definition, draft);
    const { name, namespace } = draft.metadata;
    if (this.find(definition, namespace, name) !== undefined) throw alreadyExists(definition, name);
    if (!definition.namespaced) return;
    const namespaces = this.catalog.named('namespaces');
    const home = this.get(namespaces, undefined, namespace as string);
    if (home.metadata.deletionTimestamp === undefined) return;
    const why = `unable to create new content in namespace ${namespace} because it is being terminated`;
    const causes = [
      {
        reason: 'NamespaceTerminating',
        message: `namespace ${namespace} is being terminated`,
        field: 'metadata.namespace',
      },
    ];
    throw forbidden(definition, name, why, causes);
  }

  private insert(definition: ResourceDefinition, draft: KubeObject, options: WriteOptions): KubeObject {
    this.requireCreatable(definition, draft);
    this.complete(definition, draft);
    const causes = rulesOf(definition).causes?.(draft) ?? [];
    if (causes.length > 0) throw invalid(definition, draft.metadata.name, causes);
    if (options.dryRun) return draft;
    return this.commit(definition, 'ADDED', draft);
  }

  private complete(definition: ResourceDefinition, draft: KubeObject, current?: KubeObject): void {
    rulesOf(definition).complete?.(draft);
    if (resourceName(definition) !== 'services') return;
    const causes = this.addresses.assign(draft, current);
    if (causes.length > 0) throw invalid(definition, draft.metadata.name, causes);
  }

  private replace(
    definition: ResourceDefinition,
    next: KubeObject,
    current: KubeObject,
    options: WriteOptions,
  ): KubeObject {
    if (current.metadata.generation !== undefined && !isSpecificationEqual(next, current)) {
      next.metadata.generation = current.metadata.generation + 1;
    }
    next.metadata.resourceVersion = current.metadata.resourceVersion as string;
    if (isEqual(next, current)) return current;
    if (options.dryRun) return next;
    if (isReleased(next)) return this.discard(definition, next, current);
    return this.commit(definition, 'MODIFIED', next, current);
  }

  private discard(
    definition: ResourceDefinition,
    object: KubeObject,
    previous: KubeObject = object,
  ): KubeObject {
    return this.commit(definition, 'DELETED', { ...object, metadata: { ...object.metadata } }, previous);
  }

  private commit(
    definition: ResourceDefinition,
    type: StoredChange['type'],
    object: KubeObject,
    previous?: KubeObject,
  ): KubeObject {
    const revision = this.store.nextRevision();
    object.metadata.resourceVersion = String(revision);
    this.store.record(resourceName(definition), {
      type,
      object,
      revision,
      ...(previous === undefined ? {} : { previous }),
    });
    return object;
  }

  private serveCustomKind({ type, object, previous }: StoredChange): void {
    for (const row of rowsOfCustomDefinition(previous ?? object))
      this.catalog.removeCustom(row.group, row.plural);
    const rows = rowsOfCustomDefinition(object);
    if (type !== 'DELETED') rows.forEach((row) => this.catalog.add(row));
    else if (rows[0] !== undefined) this.purge(rows[0]);
  }

  private purge(definition: ResourceDefinition): void {
    for (const object of [...this.objects(definition).values()]) this.discard(definition, object);
  }
}

function statusUpdate(current: KubeObject, sent: KubeObject): KubeObject {
  return { ...copyOf(current), status: copyWithoutNulls(sent.status) ?? {} };
}

function mainUpdate(definition: ResourceDefinition, current: KubeObject, sent: KubeObject): KubeObject {
  const next = definition.isCustom ? copyOf(sent) : copyWithoutNulls(sent);
  if (!definition.subresources.includes('status')) return next;
  if (current.status === undefined) delete next.status;
  else next.status = copyOf(current.status);
  return next;
}
