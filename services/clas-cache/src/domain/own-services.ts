/**
 * The essential rule that lets a Pod call itself through its own Service, as in Kubernetes: in its namespace the packet
 * carries the ClusterIP, and nobody can see yet which of the Service's Pods will get it. The others judge for themselves.
 */
import { hostCidrs, makeGroup } from '@ringfence/contracts';
import type { Address, Group, GroupId, WireRule } from '@ringfence/contracts';
import { questionId } from '@ringfence/policy-engine';

const REF = 'essential/own-service';

export interface OwnServicePort {
  readonly clusterIps: readonly Address[];
  readonly proto: number;
  readonly port: number;
  readonly workload: string | null;
}

interface Opened extends Omit<OwnServicePort, 'clusterIps'> {
  readonly addresses: Set<Address>;
}

/** Of one label set. */
export function ownServiceRules(
  labelSet: string,
  ports: Iterable<OwnServicePort>,
): { egress: WireRule[]; groups: Group[] } {
  const opened = new Map<GroupId, Opened>();
  for (const { clusterIps, proto, port, workload } of ports) {
    const id = questionId('own-service', labelSet, workload, proto, port);
    const one = opened.get(id) ?? { proto, port, workload, addresses: new Set() };
    opened.set(id, one);
    for (const address of clusterIps) one.addresses.add(address);
  }
  const sorted = [...opened].sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    egress: sorted.map(([id, { proto, port, workload }]) => ({
      ref: REF,
      class: 'essential',
      ports: [{ proto, from: port, to: port }],
      peers: [id],
      ...(workload === null ? {} : { onlyWorkloads: [workload] }),
    })),
    groups: sorted.map(([id, { addresses }]) => makeGroup(id, { cidrs: hostCidrs(addresses) })),
  };
}
