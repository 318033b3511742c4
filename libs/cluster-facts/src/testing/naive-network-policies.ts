/**
 * What Kubernetes says of NetworkPolicies, sentence by sentence and for one connection: the oracle of whatever does it faster. A Pod is
 * isolated in a direction as soon as one policy selects it for that; then what any of those allows passes, and nothing else.
 */
import type {
  NetworkPolicyForm,
  NetworkPolicyPeer,
  NetworkPolicyPort,
  NetworkPolicyRule,
} from '@ringfence/contracts';
import { parseAddress, parseCidr } from '@ringfence/policy-engine';
import { matchesLabels } from '../network-policy/label-selector.js';
import type { Labels } from '../network-policy/label-selector.js';

export interface JudgedPod {
  readonly namespace: string;
  readonly name: string;
  readonly labels: Labels;
  readonly addresses: readonly string[];
  readonly node: string;
  readonly hostNetwork: boolean;
  readonly namedPorts: readonly { readonly name: string; readonly proto: number; readonly port: number }[];
}
export interface JudgedCluster {
  readonly namespaces: ReadonlyMap<string, Labels>;
  readonly pods: readonly JudgedPod[];
  /** The node of each address. */
  readonly nodes: ReadonlyMap<string, string>;
  readonly policies: readonly NetworkPolicyForm[];
}
/** `address`: as the other end sees it. */
export interface TrafficEnd {
  readonly pod: JudgedPod | null;
  readonly address: string;
}
export interface PodTraffic {
  readonly from: TrafficEnd;
  readonly to: TrafficEnd;
  readonly proto: number;
  readonly port: number;
}
type Direction = 'ingress' | 'egress';

const selecting = (cluster: JudgedCluster, pod: JudgedPod, direction: Direction): NetworkPolicyForm[] =>
  pod.hostNetwork
    ? []
    : cluster.policies.filter(
        (policy) =>
          policy[direction] !== null &&
          policy.namespace === pod.namespace &&
          matchesLabels(policy.pods, pod.labels),
      );

export function passesNetworkPolicies(cluster: JudgedCluster, traffic: PodTraffic): boolean {
  const { from, to } = traffic;
  if (from.pod !== null && from.pod === to.pod) return true;
  return (['egress', 'ingress'] as const).every((direction) => {
    const { isIsolated, isAllowed } = judgedAt(direction, cluster, traffic);
    return isAllowed || !isIsolated;
  });
}

/** At one end. Allowed: a policy says so, or it is its own node; who is no Pod is not isolated. */

export function judgedAt(
  direction: Direction,
  cluster: JudgedCluster,
  traffic: PodTraffic,
): { readonly isIsolated: boolean; readonly isAllowed: boolean } {
  const [own, peer] = direction === 'ingress' ? [traffic.to, traffic.from] : [traffic.from, traffic.to];
  const policies = own.pod === null ? [] : selecting(cluster, own.pod, direction);
  const isIsolated = policies.length > 0;
  if (isIsolated && cluster.nodes.get(peer.address) === own.pod?.node) return { isIsolated, isAllowed: true };
  const isAllowed = policies.some((policy) =>
    policy[direction]!.some(
      (rule) =>
        isOnPort(rule, traffic) &&
        (rule.peers === null ||
          rule.peers.some(
            (each) => isPeer(each, peer, policy, cluster) && !isNameless(each, rule, direction, traffic),
          )),
    ),
  );
  return { isIsolated, isAllowed };
}

/** Names are of Pods: of mere addresses that are connected to nobody asks for one. */
const isNameless = (
  peer: NetworkPolicyPeer,
  rule: NetworkPolicyRule,
  direction: Direction,
  traffic: PodTraffic,
): boolean =>
  direction === 'egress' &&
  peer.kind === 'addresses' &&
  !isOnPort({ ...rule, ports: rule.ports?.filter(({ name }) => name === undefined) ?? null }, traffic);

function isPeer(
  peer: NetworkPolicyPeer,
  end: TrafficEnd,
  { namespace }: NetworkPolicyForm,
  cluster: JudgedCluster,
): boolean {
  return peer.kind === 'addresses' ? isWithin(peer, end.address) : isMeant(peer, end.pod, namespace, cluster);
}

type Pods = Extract<NetworkPolicyPeer, { kind: 'pods' }>;
function isMeant(peer: Pods, pod: JudgedPod | null, namespace: string, cluster: JudgedCluster): boolean {
  if (pod === null || pod.hostNetwork || !matchesLabels(peer.pods, pod.labels)) return false;
  if (peer.namespaces === null) return pod.namespace === namespace;
  return matchesLabels(peer.namespaces, cluster.namespaces.get(pod.namespace) ?? {});
}

type Block = Extract<NetworkPolicyPeer, { kind: 'addresses' }>;
const isWithin = ({ cidr, except }: Block, address: string): boolean =>
  contains(cidr, address) && !except.some((hole) => contains(hole, address));

function contains(cidr: string, text: string): boolean {
  const [range, address] = [parseCidr(cidr), parseAddress(text)];
  if (range === null || address?.version !== range.version) return false;
  return range.first <= address.value && address.value <= range.last;
}

function isOnPort({ ports }: NetworkPolicyRule, { to, proto, port }: PodTraffic): boolean {
  return ports === null || ports.some((each) => each.proto === proto && numbersOf(each, to.pod)(port));
}

/** A name means what the Pod that is connected to declares; who is on the network of his node is no Pod to policies. */
function numbersOf(
  { proto, from, to, name }: NetworkPolicyPort,
  pod: JudgedPod | null,
): (port: number) => boolean {
  if (name !== undefined)
    return (port) =>
      pod?.hostNetwork === false &&
      pod.namedPorts.some((named) => named.name === name && named.proto === proto && named.port === port);
  return (port) => from === undefined || (from <= port && port <= (to ?? from));
}
