/**
 * What this node must judge on its forward path: every Pod behind a Service that is reachable by an address of nodes
 * (NodePort, load balancer), wherever that Pod runs, on the ports that such Services lead to, by the Pod's own rules.
 */
import type { Endpoint, NodePortTarget, Unit } from '@ringfence/contracts';
import { rulesOnPort } from '@ringfence/firewall';
import type { ChainRule, ForwardGuard, GuardedPort } from '@ringfence/firewall';
import { modeIn } from '@ringfence/policy-engine';

export interface GuardView {
  readonly nodePorts: readonly NodePortTarget[];
  readonly podNetworks: readonly string[];
  /** Every endpoint that the node knows. */
  all(): Iterable<Endpoint>;
  unit(labelSet: string): Unit | undefined;
  /** Whether the group means a Pod's own node. */
  isOwnHost(group: string): boolean;
}

/** `node`: its own Pods may reach themselves through their Services. */
export function forwardGuard(view: GuardView, node: string): ForwardGuard {
  const ports = new TargetPorts(view);
  const pods = [...view.all()].filter((endpoint) => endpoint.class === 'pod');
  const own = pods.filter((pod) => pod.node === node);
  return {
    targets: pods.flatMap((pod) => ports.of(pod)).sort(byPlace),
    hairpins: [...new Set(own.flatMap(({ addresses }) => addresses))].sort(),
    podNetworks: view.podNetworks,
  };
}

type Ported = Pick<GuardedPort, 'proto' | 'port' | 'rules'>;

/** Pods of one label set and workload share their answer. */
class TargetPorts {
  private readonly wanted = new Map<string, NodePortTarget[]>();
  private readonly answers = new Map<string, readonly Ported[]>();

  constructor(private readonly view: GuardView) {
    for (const target of view.nodePorts) {
      const key = keyOf(target);
      this.wanted.set(key, [...(this.wanted.get(key) ?? []), target]);
    }
  }

  of(pod: Endpoint): GuardedPort[] {
    const unit = this.wanted.has(keyOf(pod)) ? this.view.unit(pod.labelSet) : undefined;
    const mode = unit && modeIn('ingress', pod.mode ?? unit.mode, unit.isolated);
    if (unit === undefined || mode === undefined || mode === 'idle') return [];
    return this.ports(pod, unit).flatMap((ported) =>
      pod.addresses.map((address) => ({ ...ported, address, mode })),
    );
  }

  private ports({ labelSet, workload }: Endpoint, unit: Unit): readonly Ported[] {
    const key = keyOf({ labelSet, workload });
    const known = this.answers.get(key);
    if (known !== undefined) return known;
    const distinct = new Map(
      this.wanted.get(key)?.map((target) => [`${target.proto} ${target.port}`, target]),
    );
    const answer = [...distinct.values()].map(({ proto, port }) => ({
      proto,
      port,
      rules: rulesOnPort(unit.ingress, { workload, proto, port }).flatMap((rule) => this.forStrangers(rule)),
    }));
    this.answers.set(key, answer);
    return answer;
  }

  /** A Pod's own node does not come by this way, and here "own" would mean another. */
  private forStrangers(rule: ChainRule): ChainRule[] {
    const peers = rule.peers.filter((group) => !this.view.isOwnHost(group));
    return peers.length === 0 ? [] : [{ ...rule, peers }];
  }
}

const keyOf = ({ labelSet, workload }: Pick<Endpoint, 'labelSet' | 'workload'>): string =>
  `${labelSet} ${workload ?? ''}`;

function byPlace(a: GuardedPort, b: GuardedPort): number {
  return a.address.localeCompare(b.address) || a.proto - b.proto || a.port - b.port;
}
