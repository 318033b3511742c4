/** What groups are made of, by id: label sets, or workloads. One that no group and no endpoint has anything to do with is forgotten. */
import { SmallSet } from '@ringfence/labels';

export interface Part<G extends object, E extends object> {
  /** That have it as a part. */
  readonly groups: SmallSet<G>;
  /** That are of it. */
  readonly endpoints: SmallSet<E>;
}

export class GroupParts<G extends object, E extends object> {
  private readonly parts = new Map<string, Part<G, E>>();

  get(id: string): Part<G, E> | undefined {
    return this.parts.get(id);
  }

  /** Whoever asks adds something to it. */
  open(id: string): Part<G, E> {
    let part = this.parts.get(id);
    if (part === undefined)
      this.parts.set(id, (part = { groups: new SmallSet(), endpoints: new SmallSet() }));
    return part;
  }

  /** Whoever asks has taken something from it. */
  close(id: string): void {
    const part = this.parts.get(id);
    if (part?.groups.size === 0 && part.endpoints.size === 0) this.parts.delete(id);
  }
}
