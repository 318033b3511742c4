/**
 * Objects by resource, namespace and name, one revision counter for all, and per resource a bounded history of changes.
 * Readers share the stored objects: nobody may change one in place. Rules about what may be stored live in `cluster.ts`.
 */
import type { KubeObject } from './kube-object.js';

export interface StoredChange {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: KubeObject;
  /** What was stored before; the history can be read backwards with it. */
  readonly previous?: KubeObject;
  readonly revision: number;
}

export type ChangeListener = (change: StoredChange) => void;

const keptSnapshots = 4;

export class Collection {
  private readonly namespaces = new Map<string, Map<string, KubeObject>>();
  private readonly listeners = new Set<ChangeListener>();
  private readonly snapshots = new Map<string, KubeObject[]>();
  private history: StoredChange[] = [];
  private lastChange: number;

  constructor(
    private oldestKnown: number,
    private readonly historyLimit: number,
  ) {
    this.lastChange = oldestKnown;
  }

  get(namespace: string, name: string): KubeObject | undefined {
    return this.namespaces.get(namespace)?.get(name);
  }

  /** In no particular order, without a copy. */
  *values(namespace?: string): Iterable<KubeObject> {
    if (namespace !== undefined) {
      yield* this.namespaces.get(namespace)?.values() ?? [];
      return;
    }
    for (const objects of this.namespaces.values()) yield* objects.values();
  }

  record(change: StoredChange): void {
    const { name, namespace = '' } = change.object.metadata;
    if (change.type === 'DELETED') this.drop(namespace, name);
    else this.keep(namespace, name, change.object);
    this.lastChange = change.revision;
    this.history.push(change);
    if (this.history.length > this.historyLimit * 2) this.forget(this.history.length - this.historyLimit);
    for (const listener of [...this.listeners]) listener(change);
  }

  subscribe(listener: ChangeListener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Changes after `revision`, or undefined when the history does not reach back that far. */
  changesSince(revision: number): StoredChange[] | undefined {
    if (revision < this.oldestKnown) return undefined;
    let start = this.history.length;
    while (start > 0 && (this.history[start - 1] as StoredChange).revision > revision) start -= 1;
    return this.history.slice(start);
  }

  /**
   * Everything as it stood at `revision`, sorted by namespace and name, or undefined when that is too long ago. Pages of one
   * list all read the same revision, so the last few answers are kept.
   */
  snapshotAt(revision: number, namespace?: string): KubeObject[] | undefined {
    const key = `${Math.min(revision, this.lastChange)}/${namespace ?? ''}`;
    const changes = this.changesSince(revision);
    if (changes === undefined) return undefined;
    const cached = this.snapshots.get(key);
    if (cached !== undefined) return cached;
    const snapshot = this.rewound(changes, namespace);
    this.snapshots.set(key, snapshot);
    if (this.snapshots.size > keptSnapshots)
      this.snapshots.delete(this.snapshots.keys().next().value as string);
    return snapshot;
  }

  /** Drops the whole history, as a compaction would: every older version is then too old. */
  forgetHistory(): void {
    this.forget(this.history.length);
  }

  private rewound(changes: StoredChange[], namespace: string | undefined): KubeObject[] {
    const objects = new Map<string, KubeObject>();
    for (const object of this.values(namespace)) objects.set(sortKey(object), object);
    for (const { object, previous } of changes.reverse()) {
      if (namespace !== undefined && object.metadata.namespace !== namespace) continue;
      if (previous === undefined) objects.delete(sortKey(object));
      else objects.set(sortKey(object), previous);
    }
    return [...objects.entries()]
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([, object]) => object);
  }

  private keep(namespace: string, name: string, object: KubeObject): void {
    const objects = this.namespaces.get(namespace) ?? new Map<string, KubeObject>();
    this.namespaces.set(namespace, objects.set(name, object));
  }

  private drop(namespace: string, name: string): void {
    const objects = this.namespaces.get(namespace);
    objects?.delete(name);
    if (objects?.size === 0) this.namespaces.delete(namespace);
  }

  private forget(count: number): void {
    const newest = this.history[count - 1];
    if (newest === undefined) return;
    this.oldestKnown = newest.revision;
    this.history = this.history.slice(count);
    this.snapshots.clear();
  }
}

/** Position of an object in a sorted list; continue tokens carry it. */
export function sortKey(object: KubeObject): string {
  return `${object.metadata.namespace ?? ''}/${object.metadata.name}`;
}

export class ObjectStore {
  private readonly collections = new Map<string, Collection>();
  private readonly listeners = new Set<(resource: string, change: StoredChange) => void>();
  private readonly firstRevision: number;
  private current: number;

  /**
   * `firstRevision` has to be above anything an earlier life of the store gave out: a client that survived a restart must be
   * told that its version is too old, not be left waiting for a version that it believes to have seen.
   */
  constructor(
    firstRevision: number,
    private readonly historyLimit: number,
  ) {
    this.firstRevision = firstRevision;
    this.current = firstRevision;
  }

  get revision(): number {
    return this.current;
  }

  nextRevision(): number {
    this.current += 1;
    return this.current;
  }

  collection(resource: string): Collection {
    const present = this.collections.get(resource);
    if (present !== undefined) return present;
    const created = new Collection(this.firstRevision, this.historyLimit);
    this.collections.set(resource, created);
    return created;
  }

  record(resource: string, change: StoredChange): void {
    this.collection(resource).record(change);
    for (const listener of this.listeners) listener(resource, change);
  }

  /** Changes of every resource, for what cannot know the kinds in advance. */
  subscribeToAll(listener: (resource: string, change: StoredChange) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  all(): Iterable<[string, Collection]> {
    return this.collections;
  }
}
