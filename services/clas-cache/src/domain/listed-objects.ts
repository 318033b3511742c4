/**
 * Objects of one kind as a list and its watch tell them. Each says to which list (epoch) it belongs; when a list is
 * complete, whatever is still of an older one has vanished meanwhile. Older is what compares lower, for epochs begin with
 * the time: after a restart the stream may show an object that went while nobody watched behind newer ones off the disk. So
 * is what was seen first, for a clock may go back.
 */

export interface SeenObject<T> {
  readonly epoch: string;
  readonly value: T;
}

export class ListedObjects<T> {
  private readonly objects = new Map<string, SeenObject<T>>();
  /** Epochs in the order of their first appearance. */
  private readonly epochs: string[] = [];
  private completedEpoch: string | null = null;

  /** The epoch of the newest complete list; null: none yet. */
  get completed(): string | null {
    return this.completedEpoch;
  }

  /** What belongs to it is gone with the next complete list that does not have it. */
  get oldestEpoch(): string {
    return this.epochs[0] ?? '';
  }

  epochOf(uid: string): string | undefined {
    return this.objects.get(uid)?.epoch;
  }

  get size(): number {
    return this.objects.size;
  }

  get(uid: string): T | undefined {
    return this.objects.get(uid)?.value;
  }

  *values(): Generator<T> {
    for (const { value } of this.objects.values()) yield value;
  }

  *entries(): Generator<[string, SeenObject<T>]> {
    yield* this.objects;
  }

  set(uid: string, epoch: string, value: T): void {
    this.noteEpoch(epoch);
    this.objects.set(uid, { epoch, value });
  }

  remove(uid: string): boolean {
    return this.objects.delete(uid);
  }

  /** The list is complete. Returns what vanished. */
  complete(epoch: string): string[] {
    this.noteEpoch(epoch);
    this.completedEpoch = epoch;
    const place = this.epochs.indexOf(epoch);
    const seenBefore = new Set(this.epochs.slice(0, place));
    const isOlder = (other: string): boolean => other < epoch || seenBefore.has(other);
    const vanished = [...this.objects].filter(([, object]) => isOlder(object.epoch)).map(([uid]) => uid);
    for (const uid of vanished) this.objects.delete(uid);
    this.epochs.splice(0, place);
    return vanished;
  }

  private noteEpoch(epoch: string): void {
    if (!this.epochs.includes(epoch)) this.epochs.push(epoch);
  }
}
