/**
 * Named flows of many places and intervals → batches of one policy version and revision each, small enough for one
 * message. Ids count up within one life of the agent, so that a repeat is recognised and a restart repeats none.
 */
import type { FlowBatch } from '@ringfence/contracts';
import type { NamedFlows, ReportedFlow } from './flow-naming.js';
import type { ReadMark } from './read-mark.js';

type Reporter = FlowBatch['reporters'][number];

const FLOWS_PER_BATCH = 1_000;
/** Half of what a node's credential lets through in one message: names of rules and hosts are of any length. */
const BYTES_PER_BATCH = 512 * 1024;

export interface InForce {
  readonly revision: number;
  readonly policyVersion: number;
}

/** One reading of one half, as it is written down until it is handed on: of a node's own, several reporters' flows. */
export interface CollectedHalf {
  readonly mark: ReadMark;
  readonly collected: readonly CollectedFlows[];
}

export interface CollectedFlows {
  readonly reporter: string;
  readonly named: NamedFlows;
  readonly overflow: number;
  readonly inForce: InForce;
  /** ISO instant of the reading. */
  readonly at: string;
}

/** Which interval of which agent: with its readings it gives the same batches again. */
export interface FlowInterval {
  readonly node: string;
  readonly bootId: string;
  /** Number of its first batch. */
  readonly first: number;
  readonly from: string;
}

interface Collected {
  readonly inForce: InForce;
  readonly reporters: Map<string, NamedFlows[]>;
  overflow: number;
  /** Of its newest reading. */
  at: string;
}

export class FlowBatches {
  private collected: Collected[] = [];
  private next: number;
  private from: string;

  constructor(
    private readonly identity: { readonly node: string; readonly bootId: string },
    startedAt: string,
    first = 1,
  ) {
    this.from = startedAt;
    this.next = first;
  }

  get interval(): FlowInterval {
    return { ...this.identity, first: this.next, from: this.from };
  }

  add({ reporter, named, overflow, inForce, at }: CollectedFlows): void {
    if (named.flows.length === 0 && overflow === 0) return;
    let last = this.collected.at(-1);
    if (
      last === undefined ||
      last.inForce.revision !== inForce.revision ||
      last.inForce.policyVersion !== inForce.policyVersion
    ) {
      last = { inForce, reporters: new Map(), overflow: 0, at };
      this.collected.push(last);
    }
    last.overflow += overflow;
    last.at = at;
    if (named.flows.length > 0)
      last.reporters.set(reporter, [...(last.reporters.get(reporter) ?? []), named]);
  }

  /**
   * Everything since the last time. What was read under an earlier policy ends with its last reading: whoever asks for the
   * newest report of two ends must not take what that policy did for what is done now.
   */
  take(to: string): FlowBatch[] {
    const last = this.collected.length - 1;
    const batches = this.collected.flatMap((collected, i) =>
      this.batchesOf(collected, i === last ? to : collected.at),
    );
    this.collected = [];
    this.from = to;
    return batches;
  }

  private batchesOf({ inForce, reporters, overflow }: Collected, to: string): FlowBatch[] {
    const { from } = this;
    this.from = to;
    const parts = [...reporters].flatMap(([id, named]) =>
      named.flatMap(({ mode, flows }) => pieces(flows).map((piece) => ({ id, mode, ...piece }))),
    );
    return fill(parts).map((filled, i) => ({
      id: `${this.identity.node}/${this.identity.bootId}/${this.next++}`,
      node: this.identity.node,
      ...inForce,
      from,
      to,
      overflow: i === 0 ? overflow : 0,
      reporters: filled,
    }));
  }
}

interface Piece {
  readonly flows: ReportedFlow[];
  bytes: number;
}
type Part = Piece & Pick<Reporter, 'id' | 'mode'>;

/** In their order, none larger than a batch. */
function pieces(flows: readonly ReportedFlow[]): Piece[] {
  const all: Piece[] = [];
  let last: Piece | undefined;
  for (const flow of flows) {
    const bytes = Buffer.byteLength(JSON.stringify(flow)) + 1;
    if (last === undefined || last.flows.length === FLOWS_PER_BATCH || last.bytes + bytes > BYTES_PER_BATCH) {
      last = { flows: [], bytes: 0 };
      all.push(last);
    }
    last.flows.push(flow);
    last.bytes += bytes;
  }
  return all;
}

/** At least one, for an overflow wants to be told even without a flow. */
function fill(parts: readonly Part[]): Reporter[][] {
  const filled: Reporter[][] = [[]];
  let [room, bytesLeft] = [FLOWS_PER_BATCH, BYTES_PER_BATCH];
  for (const { id, mode, flows, bytes } of parts) {
    if (flows.length > room || bytes > bytesLeft) {
      filled.push([]);
      [room, bytesLeft] = [FLOWS_PER_BATCH, BYTES_PER_BATCH];
    }
    filled.at(-1)?.push({ id, mode, flows });
    room -= flows.length;
    bytesLeft -= bytes;
  }
  return filled;
}
