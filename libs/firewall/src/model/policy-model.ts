/**
 * An effective unit + resolved peers + what only this endpoint has (probe ports, the workload it belongs to) → model.
 * `endpointUnit` is apart, because the rule of a flow must be named from exactly the rules that were enforced.
 */
import { RULE_CLASSES } from '@ringfence/contracts';
import type { EnforcementMode, Unit, WireRule } from '@ringfence/contracts';
import { FirewallInputError, FIRST_GENERATION } from './firewall.model.js';
import type { ChainRule, FirewallModel, ForwardGuard, HiddenIngress, PeerSet } from './firewall.model.js';
import { peerSet } from './addresses.js';
import { isDenial } from './firewall.model.js';
import { hiddenIngress } from './hidden-ingress.js';
import { directionPolicy, isRuleOf } from './port-segments.js';

/** Pseudo group: all addresses of the node that hosts the Pod. */
export const OWN_HOST = 'own-host';
export const PROBES_REF = 'essential/probes';
export const OWN_NODE_REF = 'network_policies/own_node';
const NOBODY = peerSet([], []);

export interface EndpointDetails {
  readonly workload: string | null;
  readonly probePorts: readonly { readonly proto: number; readonly port: number }[];
}

/**
 * The unit as one endpoint enforces it: rules of other workloads left out, its own probe ports let in from its node. What is
 * left holds for this endpoint whoever it names, so nobody who judges by it has to know its workload.
 */
export function endpointUnit(unit: Unit, endpoint: EndpointDetails): Unit {
  const mine = (rules: readonly WireRule[]): WireRule[] =>
    rules.filter((rule) => isRuleOf(rule, endpoint.workload)).map(({ onlyWorkloads: _, ...rule }) => rule);
  return {
    ...unit,
    ingress: inOrder([
      ...probeRules(endpoint.probePorts),
      ...mine(unit.ingress),
      ...ownNodeRules(unit, 'ingress'),
    ]),
    egress: inOrder([...mine(unit.egress), ...ownNodeRules(unit, 'egress')]),
  };
}

/** Between a node and its own Pods no NetworkPolicy cuts anything. It opens nothing of the node's own table. */
function ownNodeRules({ isolated }: Unit, direction: 'ingress' | 'egress'): WireRule[] {
  if (isolated?.[direction] !== true) return [];
  return [{ ref: OWN_NODE_REF, class: 'allow', ports: [{ proto: -1 }], peers: [OWN_HOST] }];
}

export function probeRules(ports: EndpointDetails['probePorts']): WireRule[] {
  if (ports.length === 0) return [];
  return [
    {
      ref: PROBES_REF,
      class: 'essential',
      ports: ports.map(({ proto, port }) => ({ proto, from: port, to: port })),
      peers: [OWN_HOST],
    },
  ];
}

export interface ModelOptions {
  readonly kind: 'pod' | 'host';
  readonly revision: number;
  /** Overrides the unit's mode (an endpoint may have its own). */
  readonly mode?: EnforcementMode | undefined;
  readonly guard?: ForwardGuard | undefined;
  readonly judging?: readonly string[] | undefined;
  /** Of a node: the group of the cluster's Pod networks. */
  readonly podNetworks?: string | undefined;
  /** For a namespace of whose past nothing is known: connections may bear marks of any earlier generation. */
  readonly generation?: number | undefined;
}

/**
 * `members` answers for every group of the unit (and `OWN_HOST`). One that nobody has told yet matches nobody: that closes
 * an allow rule. It would open a deny rule, so there it throws and the old table stays.
 */
export function buildModel(
  unit: Unit,
  members: (group: string) => PeerSet | undefined,
  options: ModelOptions,
): FirewallModel {
  const guarded = options.guard?.targets.flatMap((target) => target.rules) ?? [];
  const judging = options.judging ?? [];
  const peers = resolvePeers([...unit.ingress, ...unit.egress, ...guarded], members);
  const ingress = inOrder(unit.ingress);
  for (const group of judging) if (!peers.has(group)) peers.set(group, members(group) ?? NOBODY);
  return {
    kind: options.kind,
    mode: options.mode ?? unit.mode,
    isolated: unit.isolated,
    revision: options.revision,
    generation: options.generation ?? FIRST_GENERATION,
    half: 0,
    peers,
    judging,
    hidden: hiddenIn(options, ingress, members),
    ingress: directionPolicy(ingress),
    egress: directionPolicy(inOrder(unit.egress)),
    guard: options.guard ?? null,
  };
}

function hiddenIn(
  { podNetworks }: ModelOptions,
  ingress: readonly WireRule[],
  members: (group: string) => PeerSet | undefined,
): HiddenIngress | null {
  return podNetworks === undefined ? null : hiddenIngress(ingress, podNetworks, members);
}

function resolvePeers(
  rules: readonly ChainRule[],
  members: (group: string) => PeerSet | undefined,
): Map<string, PeerSet> {
  const peers = new Map<string, PeerSet>();
  for (const rule of rules) {
    for (const group of rule.peers) {
      const found = members(group);
      if (found === undefined && isDenial(rule.class))
        throw new FirewallInputError(
          'unknown_group',
          `deny rule ${rule.ref} names the unknown group ${group}`,
        );
      peers.set(group, found ?? NOBODY);
    }
  }
  return peers;
}

/** Stable sort by class: what comes first inside a class is the sender's order. */
export function inOrder(rules: readonly WireRule[]): WireRule[] {
  return [...rules].sort((a, b) => RULE_CLASSES.indexOf(a.class) - RULE_CLASSES.indexOf(b.class));
}
