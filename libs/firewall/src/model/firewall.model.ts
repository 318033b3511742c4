/**
 * The firewall of one network namespace as a value: what must be in the kernel, free of nft's syntax.
 * `policy-model.ts` makes it from a unit; `table-layout.ts` turns it into sets and chains. Evaluation order is part of
 * the value: the first rule of a segment that names the peer decides, then `anyProtocol`, then the mode's default.
 */
import type { EnforcementMode, Isolated, RuleClass } from '@ringfence/contracts';

/** Addresses of one peer group, split by how the kernel stores them. Canonical text, see `addresses.ts`. */
export interface PeerSet {
  readonly hosts4: ReadonlySet<string>;
  readonly hosts6: ReadonlySet<string>;
  /** Disjoint and sorted: nft refuses overlapping intervals. */
  readonly cidrs4: readonly string[];
  readonly cidrs6: readonly string[];
}

export interface ChainRule {
  /** For people and for naming the rule of a flow; never rendered. */
  readonly ref: string;
  readonly class: RuleClass;
  /** Group ids: keys of `FirewallModel.peers`. Any of them matches; none matches nobody. */
  readonly peers: readonly string[];
}

/**
 * A closed range of one protocol's ports and the rules that apply to it, in order. For ICMP a "port" is
 * type · 256 + code, which is what conntrack keeps in its place. Protocols without ports have 0–65535.
 */
export interface PortSegment {
  readonly proto: number;
  readonly from: number;
  readonly to: number;
  readonly rules: readonly ChainRule[];
}

export interface DirectionPolicy {
  /** Sorted by protocol and port, disjoint. Every segment also holds the rules for any protocol, in their place. */
  readonly segments: readonly PortSegment[];
  /** Rules for every protocol: all that is left for a packet outside all segments. */
  readonly anyProtocol: readonly ChainRule[];
}

/** What a node judges on its forward path, because the Pod itself will not see the client. */
export interface ForwardGuard {
  /** Of Pods on any node. */
  readonly targets: readonly GuardedPort[];
  /** Addresses of the node's own Pods: each may reach itself through a Service. */
  readonly hairpins: readonly string[];
  /** CIDRs of the cluster's Pods: what is forwarded there under the node's address is not the node's own. */
  readonly podNetworks: readonly string[];
}

export interface GuardedPort {
  readonly address: string;
  readonly proto: number;
  readonly port: number;
  /** Selective lets pass what no rule matches. */
  readonly mode: 'visibility_only' | 'selective' | 'full';
  /** The Pod's own rules for that port, without those for its host. */
  readonly rules: readonly ChainRule[];
}

type ByFamily = Readonly<Record<4 | 6, DirectionPolicy>>;
/** What a node lets in of those whom another node hides, by what that one says of them (`hidden-ingress.ts`). */
export interface HiddenIngress {
  readonly pod: ByFamily;
  readonly stranger: ByFamily;
}

export interface FirewallModel {
  readonly kind: 'pod' | 'host';
  /** `idle`: no table at all, or one with nothing but the guard. */
  readonly mode: EnforcementMode;
  /** In full in these directions, whatever the mode; undefined: in neither. Never of an idle one. */
  readonly isolated: Isolated | undefined;
  /** Revision of the node's view that last changed this namespace. */
  readonly revision: number;
  /** 1–65535; marks of another generation are judged again. 0 is the mark of a connection that nobody judged. */
  readonly generation: number;
  /** The half of the flow sets that is being written. */
  readonly half: 0 | 1;
  readonly peers: ReadonlyMap<string, PeerSet>;
  readonly ingress: DirectionPolicy;
  readonly egress: DirectionPolicy;
  readonly guard: ForwardGuard | null;
  /** Groups of nodes that judge what they hide behind their address: what they say of it is believed (`judgement.ts`). */
  readonly judging: readonly string[];
  /** Of a node; null: of a Pod, to whom nodes say whether whom they hide is allowed. */
  readonly hidden: HiddenIngress | null;
}

/** Denies only what is denied by class; both allow classes lead to the same mark. */
export function isDenial(ruleClass: RuleClass): boolean {
  return ruleClass === 'deny' || ruleClass === 'override_deny';
}

/** The namespace's own packets are judged and counted. */
export function isEnforced(model: FirewallModel): boolean {
  return model.mode !== 'idle';
}

/** An idle host still guards what it forwards to Pods. */
export function hasTable(model: FirewallModel): boolean {
  return isEnforced(model) || model.guard !== null;
}

export const FIRST_GENERATION = 1;
const LAST_GENERATION = 65_535;

/** The next generation; after a wrap the marks of connections must be cleared (see `Change.clearMarks`). */
export function nextGeneration(generation: number): number {
  return generation >= LAST_GENERATION ? FIRST_GENERATION : generation + 1;
}

/** Input that must never reach a script. `code` is stable. */
export class FirewallInputError extends Error {
  constructor(
    readonly code: 'invalid_address' | 'invalid_cidr' | 'invalid_port_range' | 'unknown_group',
    message: string,
  ) {
    super(message);
    this.name = 'FirewallInputError';
  }
}
