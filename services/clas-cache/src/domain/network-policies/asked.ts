/** What NetworkPolicies ask about Pods and addresses, each question once, and the groups that answer them. */
import type {
  LabelSelector,
  NetworkPolicyForm,
  NetworkPolicyPort,
  NetworkPolicyRule,
} from '@ringfence/contracts';
import { questionId } from '@ringfence/policy-engine';

/** Pods of these namespaces (one by its name) that match. */
export interface PodQuestion {
  readonly namespaces: LabelSelector | string;
  readonly pods: LabelSelector;
}
export const EVERY_POD: PodQuestion = { namespaces: [], pods: [] };

export const peerId = ({ namespaces, pods }: PodQuestion): string =>
  questionId('network_policy_pods', namespaces, pods);
export const peerOnPortId = (peer: string, name: string, number: number): string =>
  questionId('network_policy_named_port', peer, name, number);

type NamedPort = Pick<NetworkPolicyPort, 'proto' | 'name'>;
export const portKey = ({ proto, name }: NamedPort): string => `${proto}/${name ?? ''}`;

const isNamed = ({ name }: NamedPort): boolean => name !== undefined;
const hasName = ({ ports }: NetworkPolicyRule): boolean => ports?.some(isNamed) === true;

/** Which Pods a rule means by its peers; who is asked for by the name of a port is a Pod. */
export function podPeersOf(rule: NetworkPolicyRule, namespace: string, isEgress: boolean): PodQuestion[] {
  if (rule.peers === null) return isEgress && hasName(rule) ? [EVERY_POD] : [];
  return rule.peers.flatMap((peer) =>
    peer.kind === 'pods' ? [{ namespaces: peer.namespaces ?? namespace, pods: peer.pods }] : [],
  );
}

export function questionsOf({ namespace, ingress, egress }: NetworkPolicyForm): PodQuestion[] {
  return [
    ...(ingress ?? []).flatMap((rule) => podPeersOf(rule, namespace, false)),
    ...(egress ?? []).flatMap((rule) => podPeersOf(rule, namespace, true)),
  ];
}

/** Each as often as it is asked for. */
export function portNamesOf({ ingress, egress }: NetworkPolicyForm): string[] {
  return [...(ingress ?? []), ...(egress ?? [])].flatMap(
    ({ ports }) => ports?.filter(isNamed).map(portKey) ?? [],
  );
}
