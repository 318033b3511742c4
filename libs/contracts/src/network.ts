/** Protocols, ports and addresses, as every other contract speaks of them. */
import { z } from 'zod';
import { Text } from './text.js';

/** IP protocol number; −1 is every protocol. */
export const Protocol = z.number().int().min(-1).max(255);
export const Port = z.number().int().min(0).max(65_535);

/** One protocol and a closed range of its ports. No ports = all of the protocol. ICMP: type and code instead. */
export const PortRange = z.object({
  proto: Protocol,
  from: Port.optional(),
  to: Port.optional(),
  icmpType: z.number().int().min(0).max(255).optional(),
  icmpCode: z.number().int().min(0).max(255).optional(),
});
export type PortRange = z.infer<typeof PortRange>;

/** An IPv4 or IPv6 address in canonical text. */
export const Address = Text.min(2).max(45);
export type Address = z.infer<typeof Address>;
/** A CIDR with its host bits cleared. */
export const Cidr = Text.min(4).max(49);
export type Cidr = z.infer<typeof Cidr>;

/**
 * A TCP port by which administrators reach a node, and from where; `cidrs` null: from the networks of the interfaces that lead
 * out of the node, and from the cluster's nodes.
 */
export const AdminPort = z.object({ port: Port.min(1), cidrs: z.array(Cidr).min(1).max(64).nullable() });
export type AdminPort = z.infer<typeof AdminPort>;
/** Each port once. */
export const AdminPorts = z.array(AdminPort).max(32);

/** These addresses and no others, each once and in order, as CIDRs. */
export function hostCidrs(addresses: Iterable<Address>): Cidr[] {
  return [...new Set(addresses)].sort().map((address) => `${address}/${address.includes(':') ? 128 : 32}`);
}

/** `flat`: Pods are seen outside of their cluster by their own addresses; otherwise nodes hide them. */
export const NetworkTypeOfCluster = z.enum(['overlay', 'flat']);
export type NetworkTypeOfCluster = z.infer<typeof NetworkTypeOfCluster>;

/** By which addresses others than its own cluster see a workload. */
export const SeenFromOutside = z.object({
  addresses: z.array(Address),
  /** They are of nodes that hide its Pods: these come from there, and are not reached there. */
  isHidden: z.boolean(),
});
export type SeenFromOutside = z.infer<typeof SeenFromOutside>;

export const EnforcementMode = z.enum(['idle', 'visibility_only', 'selective', 'full']);
export type EnforcementMode = z.infer<typeof EnforcementMode>;

/** Directions in which a place is in full whatever its mode: Kubernetes' NetworkPolicies isolate it there. */
export const Isolated = z.object({ ingress: z.boolean(), egress: z.boolean() });
export type Isolated = z.infer<typeof Isolated>;

export const Verdict = z.enum(['allowed', 'potentially_blocked', 'blocked', 'unknown']);
export type Verdict = z.infer<typeof Verdict>;
