/**
 * When is a Pod's policy ready? When its own rules are in its node's kernel, and every connected agent that knows the Pod
 * has acknowledged the revision that told it. Own rules are never waived; the wait for the others is bounded by a timer
 * that starts when the own rules are in. What was ready once stays so.
 *
 * Times are milliseconds since the epoch, given by the caller.
 */
import type { NodeAck, PodReadiness } from '@ringfence/contracts';

export interface AwaitedPod {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  /** Whether policy applies to it at all. */
  readonly isManaged: boolean;
  readonly gates: readonly string[];
  readonly timerMs: number;
  readonly observedAt: number;
}

/** Who knows the Pod; `NodeViews` answers it. */
export interface SpanLookup {
  span(pod: string): Iterable<{ readonly node: string; readonly since: number }>;
  nodeOf(pod: string): string | null;
}

export interface ReadinessChanges {
  readonly told: readonly PodReadiness[];
  /** Seconds from the observation of a Pod until the last of its peers knew it. */
  readonly convergedSeconds: readonly number[];
}

interface Waiting {
  pod: AwaitedPod;
  ownAt: number | null;
  isTold: boolean;
}
interface Agent {
  revision: number;
  heardAt: number;
  pods: ReadonlySet<string>;
  failed: ReadonlyMap<string, string>;
}
interface Peers {
  readonly laggards: readonly string[];
  readonly disconnected: readonly string[];
}

/** An agent that was not heard for so long is left out, and named. */
export const DISCONNECTED_AFTER_MS = 15_000;

export class Readiness {
  readonly #waiting = new Map<string, Waiting>();
  readonly #told = new Map<string, PodReadiness>();
  readonly #agents = new Map<string, Agent>();

  constructor(private readonly views: SpanLookup) {}

  /** From before a restart. */
  restore(readiness: PodReadiness): void {
    this.#told.set(readiness.podUid, readiness);
    const waiting = this.#waiting.get(readiness.podUid);
    if (waiting !== undefined && readiness.ready) waiting.isTold = true;
  }

  setPod(pod: AwaitedPod): void {
    const waiting = this.#waiting.get(pod.uid);
    if (waiting !== undefined) waiting.pod = { ...pod, observedAt: waiting.pod.observedAt };
    else if (!this.#isDone.has(pod.uid)) {
      const isTold = pod.gates.length === 0 || this.#told.get(pod.uid)?.ready === true;
      this.#waiting.set(pod.uid, { pod, ownAt: null, isTold });
    }
  }

  /** Pods that converged; they are looked at no more. */
  readonly #isDone = new Set<string>();

  /** True if something was told of it that is to be withdrawn. */
  removePod(uid: string): boolean {
    this.#waiting.delete(uid);
    this.#isDone.delete(uid);
    return this.#told.delete(uid);
  }

  heard(node: string, at: number): void {
    const agent = this.#agents.get(node);
    if (agent === undefined)
      this.#agents.set(node, { revision: -1, heardAt: at, pods: new Set(), failed: new Map() });
    else agent.heardAt = Math.max(agent.heardAt, at);
  }

  acked(ack: Pick<NodeAck, 'node' | 'revision' | 'pods' | 'failed'>, at: number): void {
    const failed = new Map(ack.failed.map(({ pod, message }) => [pod, message]));
    this.#agents.set(ack.node, { revision: ack.revision, heardAt: at, pods: new Set(ack.pods), failed });
  }

  nodeGone(node: string): void {
    this.#agents.delete(node);
  }

  revisionOf(node: string): number | undefined {
    return this.#agents.get(node)?.revision;
  }

  isEnforced(node: string, pod: string): boolean {
    return this.#agents.get(node)?.pods.has(pod) ?? false;
  }

  evaluate(now: number): ReadinessChanges {
    const told: PodReadiness[] = [];
    const convergedSeconds: number[] = [];
    for (const [uid, waiting] of this.#waiting) {
      const { pod } = waiting;
      const own = this.#ownState(waiting, now);
      const peers = this.#peers(uid, now);
      const hasConverged = own === null && peers.laggards.length === 0;
      if (!waiting.isTold) {
        const readiness = own ?? this.#judge(waiting, peers, now);
        if (JSON.stringify(this.#told.get(uid)) !== JSON.stringify(readiness)) told.push(readiness);
        this.#told.set(uid, readiness);
        waiting.isTold = readiness.ready;
      }
      if (!hasConverged || !waiting.isTold) continue;
      if (pod.isManaged) convergedSeconds.push(Math.max(0, now - pod.observedAt) / 1000);
      this.#waiting.delete(uid);
      this.#isDone.add(uid);
    }
    return { told, convergedSeconds };
  }

  get waitingPods(): number {
    return this.#waiting.size;
  }

  /** null: the own rules are in the kernel (or there are none to be). */
  #ownState(waiting: Waiting, now: number): PodReadiness | null {
    const { pod } = waiting;
    if (!pod.isManaged) {
      waiting.ownAt ??= now;
      return null;
    }
    const node = this.views.nodeOf(pod.uid);
    const agent = node === null ? undefined : this.#agents.get(node);
    if (agent?.pods.has(pod.uid)) {
      waiting.ownAt ??= now;
      return null;
    }
    const failure = agent?.failed.get(pod.uid);
    const state = failure === undefined ? 'not in the kernel yet' : `not in the kernel: ${failure}`;
    return readiness(
      pod,
      'PolicyPending',
      `rules of this Pod are ${state}${node === null ? ' (no node yet)' : ''}`,
    );
  }

  #judge({ pod, ownAt }: Waiting, { laggards, disconnected }: Peers, now: number): PodReadiness {
    const leftOut =
      disconnected.length === 0 ? '' : `; disconnected and left out: ${disconnected.join(', ')}`;
    if (!pod.isManaged)
      return readiness(pod, 'PolicyReady', 'the namespace is not managed: no policy applies');
    if (laggards.length === 0)
      return readiness(pod, 'PolicyReady', `in force here and at every peer${leftOut}`);
    const names = laggards.join(', ');
    if (now - ownAt! >= pod.timerMs) {
      return readiness(pod, 'PolicyReadyTimeout', `not waiting any longer for ${names}${leftOut}`);
    }
    return readiness(pod, 'PolicyPending', `waiting for ${names}${leftOut}`);
  }

  #peers(pod: string, now: number): Peers {
    const laggards: string[] = [];
    const disconnected: string[] = [];
    for (const { node, since } of this.views.span(pod)) {
      const agent = this.#agents.get(node);
      if (agent === undefined || now - agent.heardAt > DISCONNECTED_AFTER_MS) disconnected.push(node);
      else if (agent.revision < since) laggards.push(node);
    }
    return { laggards: laggards.sort(), disconnected: disconnected.sort() };
  }
}

function readiness(pod: AwaitedPod, reason: PodReadiness['reason'], message: string): PodReadiness {
  const { uid: podUid, namespace, name, gates } = pod;
  return { podUid, namespace, name, ready: reason !== 'PolicyPending', reason, message, gates: [...gates] };
}

const TIMER_ANNOTATIONS = ['ringfence.io/readiness-gate-timer', 'com.illumio.readiness-gate-timer'];
const LONGEST_TIMER_SECONDS = 300;

/** Seconds that the Pod itself asks for; `refused`: it asks for something that is no such number. */
export function readinessTimer(annotations: Readonly<Record<string, string>>): {
  seconds?: number;
  refused?: string;
} {
  const text = TIMER_ANNOTATIONS.map((name) => annotations[name]).find((value) => value !== undefined);
  if (text === undefined) return {};
  const seconds = /^\d{1,3}$/.test(text) ? Number(text) : Infinity;
  return seconds <= LONGEST_TIMER_SECONDS ? { seconds } : { refused: text };
}
