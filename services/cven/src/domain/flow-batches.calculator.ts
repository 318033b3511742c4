/**
 * Named flows of many places and intervals → batches of one policy version and revision each, small enough for one
 * message. Ids count up within one life of the agent, so that a repeat is recognised and a restart repeats none.
 */
import type { FlowBatch } from '@ringfence/contracts';
import type { NamedFlows, ReportedFlow } from './flow-naming.js';

const FLOWS_PER_BATCH = 1_000;

export interface InForce {
  readonly revision: number;
  readonly policyVersion: number;
}

interface Collected {
  readonly inForce: InForce;
  readonly reporters: Map<string, NamedFlows[]>;
  overflow: number;
}

export class FlowBatches {
  private collected: Collected[] = [];
  private next = 1;
  private from: string;

  constructor(
    private readonly identity: { readonly node: string; readonly bootId: string },
    startedAt: string,
  ) {
    this.from = startedAt;
  }

  add(reporter: string, named: NamedFlows, overflow: number, inForce: InForce): void {
    if (named.flows.length === 0 && overflow === 0) return;
    let last = this.collected.at(-1);
    if (
      last === undefined ||
      last.inForce.revision !== inForce.revision ||
      last.inForce.policyVersion !== inForce.policyVersion
    ) {
      last = { inForce, reporters: new Map(), overflow: 0 };
      this.collected.push(last);
    }
    last.overflow += overflow;
    if (named.flows.length > 0)
      last.reporters.set(reporter, [...(last.reporters.get(reporter) ?? []), named]);
  }

  /** Everything since the last time. */
  take(to: string): FlowBatch[] {
    const batches = this.collected.flatMap((collected) => this.batchesOf(collected, to));
    this.collected = [];
    this.from = to;
    return batches;
  }

  private batchesOf({ inForce, reporters, overflow }: Collected, to: string): FlowBatch[] {
    const batches: FlowBatch[] = [];
    let current: FlowBatch | undefined;
    let room = 0;
    const open = (): FlowBatch => {
      const id = `${this.identity.node}/${this.identity.bootId}/${this.next++}`;
      const opened = {
        id,
        node: this.identity.node,
        ...inForce,
        from: this.from,
        to,
        overflow: batches.length === 0 ? overflow : 0,
        reporters: [],
      };
      batches.push(opened);
      room = FLOWS_PER_BATCH;
      return opened;
    };
    for (const [id, parts] of reporters) {
      for (const { mode, flows } of parts) {
        for (let i = 0; i < flows.length;) {
          if (current === undefined || room === 0) current = open();
          const taken: ReportedFlow[] = flows.slice(i, i + room);
          current.reporters.push({ id, mode, flows: taken });
          i += taken.length;
          room -= taken.length;
        }
      }
    }
    if (batches.length === 0) open();
    return batches;
  }
}
