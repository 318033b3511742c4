/**
 * What is still to be told, newest per object: bounded by the number of objects however long nobody listens. Numbers
 * every observation and knows the epoch of each kind. A list's end marker stays behind everything that belongs to its
 * list; a newer state of an object takes the place of the older one, so that it cannot fall behind the marker.
 */
import type { ObservedChange, ObservedKind } from '@ringfence/cluster-facts';
import { subjects } from '@ringfence/contracts';

export interface Observation {
  readonly subject: string;
  readonly id: string;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;
  /** Of the end of a list. */
  readonly list?: { readonly kind: ObservedKind; readonly epoch: string };
}
export interface Observed {
  /** When the news reached us. */
  readonly at: string;
  readonly trace: Readonly<Record<string, string>>;
}

type Entry =
  | { readonly what: 'fact'; readonly change: ObservedChange; readonly observed: Observed }
  | ({ readonly what: 'listed'; readonly kind: ObservedKind; readonly count: number } & ListOptions);
export interface ListOptions {
  readonly epoch: string;
  readonly at: string;
  /** Not all of it may be seen: nothing is gone because it is not in it. */
  readonly isPartial: boolean;
  /** Nothing in it is news: nobody has to wait for it. */
  readonly isRepeat: boolean;
}

export class ObservationOutbox {
  private readonly entries = new Map<string, Entry>();
  private readonly epochs = new Map<ObservedKind, string>();
  /** Lists with news that were not told to their end: kind → epoch. */
  private readonly untold = new Map<ObservedKind, string>();

  /** `firstNumber` must be above every number of an earlier run, for readers that compare. */
  constructor(
    private readonly cluster: string,
    private lastNumber: number,
  ) {}

  get size(): number {
    return this.entries.size;
  }

  put(change: ObservedChange, observed: Observed): void {
    const key = `${change.kind} ${change.uid}`;
    const before = this.entries.get(key);
    // News that waits with older news of the same object goes on with the trace that began earlier.
    const trace =
      before?.what === 'fact' && 'traceparent' in before.observed.trace
        ? before.observed.trace
        : observed.trace;
    this.entries.set(key, { what: 'fact', change, observed: { ...observed, trace } });
  }

  /** A full list of a kind: everything of it under a new epoch, then the marker. */
  putList(kind: ObservedKind, everything: readonly ObservedChange[], options: ListOptions): void {
    const { epoch, at, isRepeat } = options;
    this.epochs.set(kind, epoch);
    if (!isRepeat || this.untold.has(kind)) this.untold.set(kind, epoch);
    for (const change of everything) this.put(change, { at, trace: {} });
    this.entries.delete(`listed ${kind}`);
    this.entries.set(`listed ${kind}`, { what: 'listed', kind, count: everything.length, ...options });
  }

  /** Acknowledged by whoever keeps it. */
  told(observations: readonly Observation[]): void {
    for (const { list } of observations)
      if (list !== undefined && this.untold.get(list.kind) === list.epoch) this.untold.delete(list.kind);
  }

  /** False: something that was listed still waits, or is on its way. */
  areListsTold(): boolean {
    return this.untold.size === 0;
  }

  /** The oldest, numbered. The caller sends exactly these until they are acknowledged. */
  take(most: number): Observation[] {
    const taken: Observation[] = [];
    for (const [key, entry] of this.entries) {
      if (taken.length === most) break;
      this.entries.delete(key);
      taken.push(entry.what === 'fact' ? this.fact(entry.change, entry.observed) : this.marker(entry));
    }
    return taken;
  }

  private fact({ kind, uid, facts, last }: ObservedChange, observed: Observed): Observation {
    const number = (this.lastNumber += 1);
    const epoch = this.epochs.get(kind) ?? '';
    // The number takes the place of Kubernetes' version: a joined object changes without its own version rising.
    const payload = {
      ...(facts ?? last),
      uid,
      resourceVersion: `${number}`,
      epoch,
      gone: facts === null,
      observedAt: observed.at,
    };
    return {
      subject: subjects.observation(this.cluster, kind, uid),
      id: `${kind} ${uid} ${epoch} ${number}`,
      payload,
      headers: observed.trace,
    };
  }

  private marker({ kind, count, at, isPartial }: Entry & { readonly what: 'listed' }): Observation {
    const epoch = this.epochs.get(kind) ?? '';
    const payload = { kind, epoch, count, observedAt: at, ...(isPartial && { isPartial }) };
    return {
      subject: subjects.observation(this.cluster, 'list', kind),
      id: `list ${kind} ${epoch}`,
      payload,
      headers: {},
      list: { kind, epoch },
    };
  }
}

/** Which observations a list of the API contributes to. */
export const CONTRIBUTES: Readonly<
  Record<
    'namespace' | 'node' | 'controller' | 'pod' | 'service' | 'slice' | 'labelMap' | 'networkPolicy',
    readonly ObservedKind[]
  >
> = {
  namespace: ['namespace'],
  node: ['node'],
  controller: ['workload', 'pod'],
  pod: ['workload', 'pod'],
  service: ['workload', 'service'],
  slice: ['service'],
  labelMap: ['workload'],
  networkPolicy: ['networkpolicy'],
};

/** What cannot be said to be gone while such a list may not be read. */
export const SHOWS: Readonly<Record<keyof typeof CONTRIBUTES, readonly ObservedKind[]>> = {
  ...CONTRIBUTES,
  controller: ['workload'],
  slice: [],
  labelMap: [],
};
