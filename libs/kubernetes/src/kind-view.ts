/**
 * What is held of one kind: uid → projection. Told are differences only; a list tells what is new, and at its end what is gone. A list
 * that breaks off has told what it showed, and what was held before is still held: the next list sweeps both.
 */
import type { KubeObject } from '@ringfence/cluster-facts';

export interface ViewEvents<T> {
  /** Undefined: the object is not for us, as if it were gone. */
  project(object: KubeObject): T | undefined;
  changed(uid: string, value: T): void;
  gone(uid: string, last: T): void;
}

export class KindView<T> {
  private readonly held = new Map<string, T>();
  private listed = new Set<string>();
  private differences = 0;

  constructor(private readonly events: ViewEvents<T>) {}

  beginList(): void {
    this.listed = new Set();
    this.differences = 0;
  }

  list(object: KubeObject): void {
    const value = this.events.project(object);
    if (value === undefined) return;
    this.listed.add(object.metadata.uid);
    if (this.hold(object.metadata.uid, value)) this.differences += 1;
  }

  /** How many there are, and how many were held otherwise, or not there any more. */
  endList(): { readonly count: number; readonly differences: number } {
    for (const uid of [...this.held.keys()]) {
      if (this.listed.has(uid)) continue;
      this.differences += 1;
      this.forget(uid);
    }
    const { listed, differences } = this;
    this.listed = new Set();
    return { count: listed.size, differences };
  }

  put(object: KubeObject): void {
    const value = this.events.project(object);
    if (value === undefined) this.forget(object.metadata.uid);
    else this.hold(object.metadata.uid, value);
  }

  forget(uid: string): void {
    const last = this.held.get(uid);
    if (!this.held.delete(uid) || last === undefined) return;
    this.events.gone(uid, last);
  }

  clear(): void {
    for (const uid of [...this.held.keys()]) this.forget(uid);
  }

  /** False: it was held like this. */
  private hold(uid: string, value: T): boolean {
    const before = this.held.get(uid);
    if (before !== undefined && JSON.stringify(before) === JSON.stringify(value)) return false;
    this.held.set(uid, value);
    this.events.changed(uid, value);
    return true;
  }
}
