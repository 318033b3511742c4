/** Which ports of the node's own Pods the host must guard against strangers behind a translated address, and by which rules. */
import type { Endpoint } from '@ringfence/contracts';
import { PROBES_REF } from '@ringfence/firewall';
import type {
  ChainRule,
  DirectionPolicy,
  FirewallModel,
  ForwardGuard,
  GuardedPort,
} from '@ringfence/firewall';

/** Undefined when there is nothing to guard: Pods that drop nothing need no guard either. */
export function forwardGuard(
  pods: readonly { endpoint: Endpoint; model: FirewallModel }[],
): ForwardGuard | undefined {
  // Declared twice (liveness and readiness on one port) would be two keys of one map.
  const targets = new Map(
    pods
      .flatMap(({ endpoint, model }) => guardedPorts(endpoint, model))
      .map((each) => [`${each.address} ${each.proto} ${each.port}`, each]),
  );
  return targets.size === 0 ? undefined : { targets: [...targets.values()].sort(byPlace) };
}

function guardedPorts(endpoint: Endpoint, { mode, ingress }: FirewallModel): GuardedPort[] {
  if (mode !== 'full' && mode !== 'selective') return [];
  return (endpoint.pod?.probePorts ?? []).flatMap(({ proto, port }) => {
    const rules = rulesOn(ingress, proto, port).filter(({ ref }) => ref !== PROBES_REF);
    return endpoint.addresses.map((address) => ({ address, proto, port, mode, rules }));
  });
}

function rulesOn(policy: DirectionPolicy, proto: number, port: number): readonly ChainRule[] {
  const segment = policy.segments.find(
    (each) => each.proto === proto && each.from <= port && port <= each.to,
  );
  return segment?.rules ?? policy.anyProtocol;
}

function byPlace(a: GuardedPort, b: GuardedPort): number {
  return a.address.localeCompare(b.address) || a.proto - b.proto || a.port - b.port;
}
