/** The policies that select a Pod → the rules that they add to its unit, and the groups that those name. */
import { makeGroup } from '@ringfence/contracts';
import type {
  Group,
  GroupId,
  Isolated,
  NetworkPolicyForm,
  NetworkPolicyPeer,
  NetworkPolicyRule,
  PortRange,
  WireRule,
} from '@ringfence/contracts';
import { cidrsOf, questionId } from '@ringfence/policy-engine';
import { peerId, peerOnPortId, podPeersOf, portKey } from './asked.js';
import type { Traits } from './pod-traits.calculator.js';

/** What policies add to a unit. */
export interface AddedRules {
  readonly isolated: Isolated;
  readonly ingress: readonly WireRule[];
  readonly egress: readonly WireRule[];
}
export interface AskedGroups {
  /** Of Pods, with the peer that they are and, where a port is asked for by its name, where it is. */
  readonly pods: Map<
    GroupId,
    { readonly peer: string; readonly port: readonly [name: string, number] | null }
  >;
  readonly addresses: Map<GroupId, Group>;
}

const EVERYBODY = makeGroup(questionId('network_policy_everybody'), { cidrs: ['0.0.0.0/0', '::/0'] });
const EVERY_PORT: readonly PortRange[] = [{ proto: -1 }];

/** Flows name rules in so many characters. */
const LONGEST_REF = 300;
const policyRef = ({ namespace, name }: Pick<NetworkPolicyForm, 'namespace' | 'name'>): string =>
  `network_policies/${namespace}/${name}`.slice(0, LONGEST_REF);

export interface RuleContext {
  readonly traits: Pick<Traits, 'ports'>;
  readonly numbersOf: (name: string) => readonly number[];
  readonly groups: AskedGroups;
}

/** `policies`: those that select the Pod, in one order. */
export function addedRules(policies: readonly NetworkPolicyForm[], context: RuleContext): AddedRules {
  const rulesOf = (direction: 'ingress' | 'egress'): WireRule[] =>
    policies.flatMap((policy) =>
      (policy[direction] ?? []).flatMap((rule) =>
        wireRules(rule, policy.namespace, direction, context).map((wire) => ({
          ref: policyRef(policy),
          class: 'allow' as const,
          ...wire,
        })),
      ),
    );
  return {
    isolated: {
      ingress: policies.some(({ ingress }) => ingress !== null),
      egress: policies.some(({ egress }) => egress !== null),
    },
    ingress: rulesOf('ingress'),
    egress: rulesOf('egress'),
  };
}

type Allowed = Pick<WireRule, 'ports' | 'peers'>;

function wireRules(
  rule: NetworkPolicyRule,
  namespace: string,
  direction: 'ingress' | 'egress',
  context: RuleContext,
): Allowed[] {
  const byNumber = (rule.ports ?? []).filter(({ name }) => name === undefined);
  const names = [...new Set((rule.ports ?? []).filter(({ name }) => name !== undefined).map(portKey))];
  const own = direction === 'ingress' ? names.flatMap((name) => ownPorts(name, context.traits)) : [];
  const ports = rule.ports === null ? [...EVERY_PORT] : [...byNumber.map(rangeOf), ...own];
  const plain = ports.length === 0 ? [] : [{ ports, peers: peersOf(rule, namespace, context.groups) }];
  return direction === 'ingress'
    ? plain
    : [...plain, ...names.flatMap((name) => named(rule, namespace, name, context))];
}

const rangeOf = ({ proto, from, to }: { proto: number; from?: number; to?: number }): PortRange =>
  from === undefined ? { proto } : { proto, from, to: to ?? from };

const protoOf = (name: string): number => Number(name.slice(0, name.indexOf('/')));

const ownPorts = (name: string, { ports }: Pick<Traits, 'ports'>): PortRange[] =>
  (ports.get(name) ?? []).map((port) => ({ proto: protoOf(name), from: port, to: port }));

function peersOf({ peers, ...rule }: NetworkPolicyRule, namespace: string, groups: AskedGroups): GroupId[] {
  if (peers === null) {
    groups.addresses.set(EVERYBODY.id, EVERYBODY);
    return [EVERYBODY.id];
  }
  const pods = podPeersOf({ ...rule, peers }, namespace, false).map((question) => {
    const id = peerId(question);
    groups.pods.set(id, { peer: id, port: null });
    return id;
  });
  const blocks = peers.flatMap((peer) => (peer.kind === 'addresses' ? [blockGroup(peer)] : []));
  for (const block of blocks) groups.addresses.set(block.id, block);
  return [...new Set([...pods, ...blocks.map(({ id }) => id)])];
}

/** Going out a name is the other Pod's: those that have it at the same number are one group. */
function named(rule: NetworkPolicyRule, namespace: string, name: string, context: RuleContext): Allowed[] {
  const peers = podPeersOf(rule, namespace, true).map(peerId);
  if (peers.length === 0) return [];
  return context.numbersOf(name).map((number) => ({
    ports: [{ proto: protoOf(name), from: number, to: number }],
    peers: [...new Set(peers)].map((peer) => {
      const id = peerOnPortId(peer, name, number);
      context.groups.pods.set(id, { peer, port: [name, number] });
      return id;
    }),
  }));
}

type Block = Extract<NetworkPolicyPeer, { kind: 'addresses' }>;
function blockGroup({ cidr, except }: Block): Group {
  const range = (from: string, exclusion: boolean) => ({ from, to: null, exclusion, description: '' });
  const cidrs = cidrsOf([range(cidr, false), ...except.map((hole) => range(hole, true))]);
  return makeGroup(questionId('network_policy_block', cidr, except), { cidrs });
}
