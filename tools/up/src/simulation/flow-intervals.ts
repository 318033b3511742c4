/**
 * Reports of single connections → flow batches as a C-VEN sends them: summed per reporter and flow, one policy version and
 * revision a batch, ids that count up within one life of the agent.
 */
import type { EnforcementMode, FlowBatch } from '@ringfence/contracts';
import type { ReportedFlow } from './judge.js';
import type { InForce } from './node-policy.js';

const FLOWS_PER_BATCH = 1_000;

interface Entry {
  readonly reporter: string;
  readonly mode: EnforcementMode;
  readonly inForce: InForce;
  readonly flow: ReportedFlow;
}

export class FlowIntervals {
  private entries = new Map<string, Entry>();
  private next = 1;

  constructor(
    private readonly identity: { readonly node: string; readonly bootId: string },
    private from: string,
  ) {}

  add(entry: Entry): void {
    const { reporter, mode, inForce, flow } = entry;
    const { direction, src, dst, proto, port, verdict, rule } = flow;
    const policy = `${inForce.revision}/${inForce.policyVersion}/${mode}`;
    const key = [policy, reporter, direction, src, dst, proto, port, verdict, rule].join(' ');
    const before = this.entries.get(key)?.flow;
    this.entries.set(key, { ...entry, flow: before === undefined ? flow : sum(before, flow) });
  }

  /** Everything since the last time; nothing when there was nothing. */
  take(to: string): FlowBatch[] {
    const batches = [...inChunks([...this.entries.values()])].map((entries) => this.batch(entries, to));
    this.entries = new Map();
    this.from = to;
    return batches;
  }

  private batch(entries: readonly Entry[], to: string): FlowBatch {
    const { node, bootId } = this.identity;
    const reporters = new Map<string, FlowBatch['reporters'][number]>();
    for (const { reporter, mode, flow } of entries) {
      const key = `${reporter} ${mode}`;
      const known = reporters.get(key) ?? { id: reporter, mode, flows: [] };
      known.flows.push(flow);
      reporters.set(key, known);
    }
    const id = `${node}/${bootId}/${this.next++}`;
    const inForce = entries[0]!.inForce;
    return { id, node, ...inForce, from: this.from, to, overflow: 0, reporters: [...reporters.values()] };
  }
}

/** Of one policy and revision each, and small enough for one message. */
function* inChunks(entries: readonly Entry[]): Generator<Entry[]> {
  let chunk: Entry[] = [];
  for (const entry of entries) {
    const [first] = chunk;
    const fits =
      first === undefined || (isSame(first.inForce, entry.inForce) && chunk.length < FLOWS_PER_BATCH);
    if (!fits) {
      yield chunk;
      chunk = [];
    }
    chunk.push(entry);
  }
  if (chunk.length > 0) yield chunk;
}

const isSame = (one: InForce, other: InForce): boolean =>
  one.revision === other.revision && one.policyVersion === other.policyVersion;

function sum(one: ReportedFlow, other: ReportedFlow): ReportedFlow {
  return {
    ...one,
    connections: one.connections + other.connections,
    bytesOut: one.bytesOut + other.bytesOut,
    bytesIn: one.bytesIn + other.bytesIn,
  };
}
