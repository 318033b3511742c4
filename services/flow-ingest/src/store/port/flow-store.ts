/**
 * What flow-ingest asks of a place that keeps flows. A store knows ids and numbers only: whose names they are, and which
 * outcome two reports make, is said outside of it, so that every store gives the same answers (`testing/flow-store.suite.ts`).
 */
import type { DecoratedFlowBatch, EndsSeen, FlowKind, FlowKindsRequest } from '@ringfence/contracts';
import type { Shares } from '../../domain/flow-decisions.calculator.js';
import type { FlowFilter } from '../../domain/flow-filter.js';

export interface FlowStore {
  /** Each batch once, whole or not at all, however often it comes. `today` is a day of UTC, as `prune`'s. */
  write(batches: readonly DecoratedFlowBatch[], today: string): Promise<Written>;
  /** Drops days beyond the retention and what only they referred to; answers how many days went. */
  prune(today: string): Promise<number>;
  /** The newest matching flows, each with everything that its ends reported of it in the filter's time. */
  search(filter: FlowFilter, bounds: SearchBounds): Promise<FoundFlow[]>;
  /** The same flows, counted by what `by` names; most connections first, at most the filter's limit of groups. */
  group(filter: FlowFilter, by: readonly Dimension[], bounds: SearchBounds): Promise<FlowGroup[]>;
  /** Who is an end of flows of that day and later, the newest first. */
  ends(sinceDay: string, most: number, bounds: SearchBounds): Promise<SeenEnd[]>;
  /** Matching flows from or to whom is concerned, counted by the kinds of their ends; those with most connections. */
  kinds(filter: FlowFilter, ends: KindsOfEnds, bounds: SearchBounds): Promise<CountedKinds>;
  /** The flows of these keys, oldest first; one that was pruned meanwhile is left out. */
  byKeys(keys: readonly FlowKey[]): Promise<FoundFlow[]>;
  /** How many rows match. */
  count(filter: FlowFilter, bounds: SearchBounds): Promise<number>;
  size(): Promise<StoredSize>;
}

export interface Written {
  readonly flows: number;
  readonly rows: number;
  readonly repeatedBatches: number;
  readonly malformed: number;
  readonly tooOld: number;
  readonly keys: readonly FlowKey[];
}

/** Made by the store that wrote the row; `src` and `dst` mean nothing to another. */
export interface FlowKey {
  readonly day: string;
  readonly src: number;
  readonly dst: number;
  readonly proto: number;
  readonly port: number;
  readonly policyVersion: number;
}

/** Ends the work in the store too, not only the wait for it: rejects with SearchEnded. */
export interface SearchBounds {
  readonly signal: AbortSignal;
  readonly withinMs: number;
}

export class SearchEnded extends Error {
  override readonly name = 'SearchEnded';
  constructor(
    readonly reason: 'cancelled' | 'too_long',
    options?: ErrorOptions,
  ) {
    super(`the search was ended: ${reason}`, options);
  }
}

export interface EndRow {
  readonly cluster: string;
  /** Only of an end that is no workload. */
  readonly address: string | null;
  readonly workload: string | null;
  readonly kind: string | null;
  readonly name: string | null;
  readonly namespace: string | null;
  readonly labels: readonly string[];
  readonly mode: string | null;
  readonly managed: boolean;
  readonly service: string | null;
}

export interface FoundFlow extends Shares {
  readonly proto: number;
  readonly port: number;
  readonly src_ip: string;
  readonly dst_ip: string;
  readonly vip: string | null;
  readonly vip_port: number | null;
  readonly vip_service: string | null;
  readonly source: EndRow;
  readonly destination: EndRow;
}

/** An end is its workload, or the address of one that is none: that has no kind. `essential`: a rule that nobody writes let it pass. */
export const DIMENSIONS = [
  'day',
  'source',
  'source_kind',
  'source_name',
  'destination',
  'destination_kind',
  'destination_name',
  'proto',
  'port',
  'verdict',
  'essential',
] as const;
export type Dimension = (typeof DIMENSIONS)[number];

export interface FlowGroup {
  /** As text, one for each dimension asked for, in its order. */
  readonly key: readonly string[];
  /** Of a row that both ends reported, the greater count: ends are never added up. */
  readonly connections: number;
  readonly first_at: string;
  readonly last_at: string;
}

export type SeenEnd = EndsSeen['ends'][number];
export type KindsOfEnds = Pick<FlowKindsRequest, 'kinds' | 'concerned'> & { readonly most: number };
/** `flows`: of all kinds, also those that are not among `kinds`. */
export interface CountedKinds {
  readonly kinds: readonly FlowKind[];
  readonly flows: number;
}

export interface StoredSize {
  readonly days: number;
  readonly oldestDay: string | null;
  readonly bytes: number;
  /** Estimated. */
  readonly rows: number;
}
