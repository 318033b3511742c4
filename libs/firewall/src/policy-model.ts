/**
 * An effective unit + resolved peers + what only this endpoint has (probe ports, the workload it belongs to) → model.
 * `endpointUnit` is apart, because the rule of a flow must be named from exactly the rules that were enforced.
 */
import { RULE_CLASSES } from '@ringfence/contracts';
import type { EnforcementMode, Unit, WireRule } from '@ringfence/contracts';
import { FirewallInputError, FIRST_GENERATION } from './firewall.model.js';
import type { FirewallModel, ForwardGuard, PeerSet } from './firewall.model.js';
import { directionPolicy } from './port-segments.js';

/** Pseudo group: all addresses of the node that hosts the Pod. */
export const OWN_HOST = 'own-host';
export const PROBES_REF = 'essential/probes';

export interface EndpointDetails {
  readonly workload: string | null;
  readonly probePorts: readonly { readonly proto: number; readonly port: number }[];
}

/** The unit as one endpoint enforces it: rules of other workloads left out, its own probe ports let in from its node. */
export function endpointUnit(unit: Unit, endpoint: EndpointDetails): Unit {
  const mine = (rule: WireRule): boolean =>
    rule.onlyWorkloads === undefined ||
    (endpoint.workload !== null && rule.onlyWorkloads.includes(endpoint.workload));
  const probes: WireRule[] =
    endpoint.probePorts.length === 0
      ? []
      : [
          {
            ref: PROBES_REF,
            class: 'essential',
            ports: endpoint.probePorts.map(({ proto, port }) => ({ proto, from: port, to: port })),
            peers: [OWN_HOST],
          },
        ];
  return {
    ...unit,
    ingress: inOrder([...probes, ...unit.ingress.filter(mine)]),
    egress: inOrder(unit.egress.filter(mine)),
  };
}

export interface ModelOptions {
  readonly kind: 'pod' | 'host';
  readonly revision: number;
  /** Overrides the unit's mode (an endpoint may have its own). */
  readonly mode?: EnforcementMode | undefined;
  readonly guard?: ForwardGuard | undefined;
  /** For a namespace of whose past nothing is known: connections may bear marks of any earlier generation. */
  readonly generation?: number | undefined;
}

/** `members` answers every group of the unit (and `OWN_HOST`); an unknown one throws, for absence must not open a deny rule. */
export function buildModel(
  unit: Unit,
  members: (group: string) => PeerSet | undefined,
  options: ModelOptions,
): FirewallModel {
  const peers = new Map<string, PeerSet>();
  const guardRules = options.guard?.targets.flatMap((target) => target.rules) ?? [];
  for (const rule of [...unit.ingress, ...unit.egress, ...guardRules]) {
    for (const group of rule.peers) {
      if (peers.has(group)) continue;
      const found = members(group);
      if (found === undefined)
        throw new FirewallInputError('unknown_group', `rule ${rule.ref} names the unknown group ${group}`);
      peers.set(group, found);
    }
  }
  return {
    kind: options.kind,
    mode: options.mode ?? unit.mode,
    revision: options.revision,
    generation: options.generation ?? FIRST_GENERATION,
    half: 0,
    peers,
    ingress: directionPolicy(inOrder(unit.ingress)),
    egress: directionPolicy(inOrder(unit.egress)),
    guard: options.guard ?? null,
  };
}

/** Stable sort by class: what comes first inside a class is the sender's order. */
function inOrder(rules: readonly WireRule[]): WireRule[] {
  return [...rules].sort((a, b) => RULE_CLASSES.indexOf(a.class) - RULE_CLASSES.indexOf(b.class));
}
