/**
 * What the agent asks of the kernel. Two implementations pass one suite (`testing/kernel.suite.ts`): a helper process that keeps a
 * libnftables context per namespace, and spawned `nsenter … nft -f -` where the library is missing.
 * A namespace is named by its path (`/run/netns/…` or `/proc/<pid>/ns/net`).
 */
import type { FlowTable, Half } from '@ringfence/firewall';

/** Source, destination, protocol, port (ICMP: type · 256 + code), packets, bytes. */
export type FlowCount = readonly [
  src: string,
  dst: string,
  proto: number,
  port: number,
  packets: number,
  bytes: number,
];

export interface FlowReading {
  readonly tables: Readonly<Record<FlowTable, readonly FlowCount[]>>;
  /** Packets that found their flow set full, since the table was loaded. */
  readonly overflow: number;
}

export interface Applied {
  readonly ms: number;
  /** Somebody else changed rules in this namespace since our last word: what is there must be looked at. */
  readonly disturbed: boolean;
}

/** An interface of a node's namespace. */
export interface NodeLink {
  readonly index: number;
  readonly kind: string;
  /** It is a port of a bridge. */
  readonly isBridged: boolean;
  /** The namespace among those asked about in which its other end is, as the kernel says. */
  readonly peer: string | undefined;
}

export interface CounterName {
  readonly family: 'inet' | 'bridge';
  readonly table: string;
  readonly name: string;
}

export interface Kernel {
  /** Keeps whatever is needed to reach the namespace again. Opening twice is no error. */
  open(netns: string): Promise<void>;
  /** Lets go of the namespace: anything kept open would keep a dead Pod's namespace alive. */
  close(netns: string): Promise<void>;
  /** Before the first table: connections that are older get a conntrack entry in their true direction. Answers how many. */
  adoptConnections(netns: string): Promise<number>;
  /** Fewer false "invalid" packets; only where the namespace is a Pod's. */
  trackLiberally(netns: string): Promise<void>;
  /** One script, one transaction: all of it or nothing. Refused with `script_refused` and nft's own words. */
  apply(netns: string, script: string): Promise<Applied>;
  /** The flow sets of one half. Exact only for the half that is not being written. */
  readFlows(netns: string, half: Half): Promise<FlowReading>;
  /** All interfaces of the namespace, and which of them lead to one of these namespaces. */
  links(netns: string, peers: readonly string[]): Promise<readonly NodeLink[]>;
  /** Packets so far; undefined: there is no such counter. */
  packets(netns: string, counter: CounterName): Promise<number | undefined>;
  /** Our table as nft prints it, without counters and what is in the flow sets; empty when there is no table. */
  list(netns: string): Promise<string>;
  /**
   * The same, but only while nobody else has changed rules there since our last transaction (or, before that, since the
   * first listing): what is to be trusted later must not be what somebody made of it. Undefined: somebody may have.
   */
  listOwn(netns: string): Promise<string | undefined>;
  /** Open namespaces in which somebody else changed rules since our last word (perhaps in a table of their own). Each change is told once. */
  disturbed(): Promise<readonly string[]>;
  /** After a wrap of the policy generation: takes our half of the mark from every connection. */
  clearMarks(netns: string): Promise<void>;
  /** Ends processes and contexts; the rules stay. */
  stop(): Promise<void>;
}

export type KernelFailure =
  /** The namespace does not exist (any more). */
  | 'namespace_gone'
  | 'script_refused'
  /** The helper process ended; whether the script ran is unknown: read before going on. */
  | 'helper_lost'
  | 'timeout'
  | 'kernel_error';

export class KernelError extends Error {
  constructor(
    readonly code: KernelFailure,
    message: string,
  ) {
    super(message);
    this.name = 'KernelError';
  }
}
