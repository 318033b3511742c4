/** What a node's acknowledgement means to the control plane: per workload, on how many of its Pods there policy is in force. */
import type { ClusterAck, Endpoint, NodeAck } from '@ringfence/contracts';

interface Counted {
  pods: number;
  enforced: number;
  readonly addresses: string[];
}

export function clusterAck(ack: NodeAck, own: Iterable<Endpoint>, policyVersion: number): ClusterAck {
  const enforced = new Set(ack.pods);
  const workloads = new Map<string, Counted>();
  for (const { id, class: entityClass, workload, addresses } of own) {
    if (entityClass !== 'pod' || workload === null) continue;
    const counted = workloads.get(workload) ?? { pods: 0, enforced: 0, addresses: [] };
    workloads.set(workload, counted);
    counted.pods += 1;
    if (enforced.has(id)) counted.enforced += 1;
    counted.addresses.push(...addresses);
  }
  return {
    node: ack.node,
    revision: ack.revision,
    policyVersion,
    at: ack.at,
    workloads: [...workloads].map(([workload, counted]) => ({ workload, ...counted })),
    failed: ack.failed,
  };
}
