/**
 * What the control plane is told of a node: its acknowledgement per workload, and what is not in force on it. Told when the
 * node acknowledged something, and when what is not in force changed, also of a node that is silent.
 */
import type { ClusterAck, Endpoint, NodeAck } from '@ringfence/contracts';
import type { NodeStanding } from './enforcement.calculator.js';

export interface AckLookup {
  /** The policy version that the node has in its kernel with this revision; undefined: not known. */
  policyVersionAt(node: string, revision: number): number | undefined;
  ownEndpoints(node: string): Iterable<Endpoint>;
  isNotInForce(id: string): boolean;
}

interface Counted {
  pods: number;
  enforced: number;
  readonly addresses: string[];
}

const NEVER_ACKNOWLEDGED = { revision: 0, pods: [], failed: [] };

export class ClusterAcks {
  private readonly acks = new Map<string, NodeAck>();
  private readonly standings = new Map<string, NodeStanding>();
  private readonly touched = new Set<string>();

  constructor(private readonly lookup: AckLookup) {}

  acked(ack: NodeAck): void {
    this.acks.set(ack.node, ack);
    // One of a revision from before a restart says nothing that is known; the node will say it anew.
    if (this.lookup.policyVersionAt(ack.node, ack.revision) !== undefined) this.touched.add(ack.node);
  }

  /** Of every node that is known, for who forgot it. */
  sayAgain(): void {
    for (const node of [...this.acks.keys(), ...this.standings.keys()]) this.touched.add(node);
  }

  stands(standing: NodeStanding): void {
    this.standings.set(standing.node, standing);
    this.touched.add(standing.node);
  }

  forget(node: string): void {
    for (const kept of [this.acks, this.standings, this.touched]) kept.delete(node);
  }

  take(now: number): ClusterAck[] {
    const acks = [...this.touched].map((node) => this.of(node, now));
    this.touched.clear();
    return acks;
  }

  private of(node: string, now: number): ClusterAck {
    const saidAt = new Date(now).toISOString();
    const ack = this.acks.get(node) ?? { ...NEVER_ACKNOWLEDGED, at: saidAt };
    const { notInForce = [], count = 0 } = this.standings.get(node) ?? {};
    return {
      node,
      revision: ack.revision,
      policyVersion: this.lookup.policyVersionAt(node, ack.revision) ?? 0,
      // Clocks of nodes may differ from ours: nothing was said later than now.
      at: Date.parse(ack.at) > now ? saidAt : ack.at,
      saidAt,
      workloads: this.workloads(node, new Set(ack.pods)),
      failed: ack.failed,
      notInForce: [...notInForce],
      notInForceCount: count,
    };
  }

  private workloads(node: string, acknowledged: ReadonlySet<string>): ClusterAck['workloads'] {
    const workloads = new Map<string, Counted>();
    for (const { id, class: entityClass, workload, addresses } of this.lookup.ownEndpoints(node)) {
      if (entityClass !== 'pod' || workload === null) continue;
      const counted = workloads.get(workload) ?? { pods: 0, enforced: 0, addresses: [] };
      workloads.set(workload, counted);
      counted.pods += 1;
      if (acknowledged.has(id) && !this.lookup.isNotInForce(id)) counted.enforced += 1;
      counted.addresses.push(...addresses);
    }
    return [...workloads].map(([workload, counted]) => ({ workload, ...counted }));
  }
}
