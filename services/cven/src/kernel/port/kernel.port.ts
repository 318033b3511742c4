/**
 * What the agent asks of the kernel, in the words of the model: how a back end says it to its kernel is its own business. Each way
 * into a kernel passes one suite (`testing/kernel.suite.ts`) and one truth table (`testing/truth.suite.ts`).
 * A namespace is named by its path (`/run/netns/…` or `/proc/<pid>/ns/net`).
 */
import type { EnforcementMode } from '@ringfence/contracts';
import type { Change, FirewallModel, FlowTable, FoundObjects, Half } from '@ringfence/firewall';

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

/** A table of ours, or what is left of one. */
export interface FoundTable {
  /** Digest of all but counters and flows: the same before and after a rotation, another when anybody changed anything. */
  readonly listing: string;
  /** As it says itself; undefined when it is not ours or not whole. */
  readonly contents: TableContents | undefined;
}

export interface TableContents {
  readonly kind: 'pod' | 'host';
  readonly mode: EnforcementMode;
  readonly revision: number;
  readonly generation: number;
  readonly half: Half;
  /** Undefined when there is anything in it that we would not have declared in this way. */
  readonly objects: FoundObjects | undefined;
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
  /** One change, one transaction: all of it or nothing. Refused with `script_refused` and the kernel's own words. */
  apply(netns: string, change: Change): Promise<Applied>;
  /** Takes away what is ours, whatever it is. */
  remove(netns: string): Promise<void>;
  /** The flow sets of one half. Exact only for the half that is not being written. */
  readFlows(netns: string, half: Half): Promise<FlowReading>;
  /** Of a half that is not being written, after it was read. */
  emptyFlows(netns: string, half: Half, tables: readonly FlowTable[]): Promise<Applied>;
  /** All interfaces of the namespace, and which of them lead to one of these namespaces. */
  links(netns: string, peers: readonly string[]): Promise<readonly NodeLink[]>;
  /** What there is under our name; undefined: nothing. */
  look(netns: string): Promise<FoundTable | undefined>;
  /**
   * The same, but only while nobody else has changed rules there since our last transaction (or, before that, since the
   * first look): what is to be trusted later must not be what somebody made of it. Undefined: somebody may have.
   */
  lookAtOwn(netns: string): Promise<FoundTable | undefined>;
  /** Says whether two models would be the same table, but for generation and half; another release may say it otherwise. */
  fingerprint(model: FirewallModel): string;
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
  /** There is no such way into this kernel. */
  | 'not_available'
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
