/**
 * What each node's agent said last, and when it was heard. Silence counts only while somebody was listening: after a start
 * every agent has as long to be heard as one that has just spoken.
 *
 * Times are milliseconds since the epoch, given by the caller.
 */
import type { NodeAck } from '@ringfence/contracts';

export type AgentWords = Pick<
  NodeAck,
  'node' | 'revision' | 'hostRevision' | 'pods' | 'failed' | 'notInForce'
>;

interface Agent {
  readonly revision: number;
  /** That everything on the node has, its own table too. */
  readonly everywhere: number;
  readonly heardAt: number;
  readonly pods: ReadonlySet<string>;
  readonly failed: NodeAck['failed'];
  readonly notInForce: NonNullable<NodeAck['notInForce']>;
}

/** An agent beats every 5 s; one that was not heard for so long is taken for disconnected. */
export const DISCONNECTED_AFTER_MS = 15_000;

/** The revision of an agent that has acknowledged nothing that we told. */
export const NOTHING_PROVEN = -1;
const SAID_NOTHING = {
  ...{ revision: NOTHING_PROVEN, everywhere: NOTHING_PROVEN },
  ...{ pods: new Set<string>(), failed: [], notInForce: [] },
};

export class AgentBook {
  private readonly agents = new Map<string, Agent>();
  private listeningSince = -Infinity;

  /** Before this moment nobody could be heard. */
  listensSince(at: number): void {
    this.listeningSince = at;
  }

  heard(node: string, at: number): void {
    const agent = this.agents.get(node) ?? { ...SAID_NOTHING, heardAt: at };
    this.agents.set(node, { ...agent, heardAt: Math.max(agent.heardAt, at) });
  }

  acked(
    { node, revision, hostRevision = revision, pods, failed, notInForce = [] }: AgentWords,
    at: number,
  ): void {
    const heardAt = Math.max(at, this.agents.get(node)?.heardAt ?? 0);
    const everywhere = Math.min(revision, hostRevision);
    this.agents.set(node, { revision, everywhere, heardAt, pods: new Set(pods), failed, notInForce });
  }

  forget(node: string): void {
    this.agents.delete(node);
  }

  nodes(): Iterable<string> {
    return this.agents.keys();
  }

  wordsOf(node: string): Agent | undefined {
    return this.agents.get(node);
  }

  revisionOf(node: string): number {
    return this.agents.get(node)?.revision ?? NOTHING_PROVEN;
  }

  /** Of the node's own table, and of its Pods'. */
  revisionEverywhere(node: string): number {
    return this.agents.get(node)?.everywhere ?? NOTHING_PROVEN;
  }

  /** Whether it said that the rules of this Pod are in its kernel. */
  hasPod(node: string, pod: string): boolean {
    return this.agents.get(node)?.pods.has(pod) ?? false;
  }

  failureOf(node: string, pod: string): string | undefined {
    return this.agents.get(node)?.failed.find((failure) => failure.pod === pod)?.message;
  }

  isDisconnected(node: string, now: number): boolean {
    const lastSign = Math.max(this.agents.get(node)?.heardAt ?? -Infinity, this.listeningSince);
    return now - lastSign > DISCONNECTED_AFTER_MS;
  }
}
