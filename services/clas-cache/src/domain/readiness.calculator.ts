/**
 * When is a Pod's policy ready? When its own rules are in its node's kernel, the control plane has spoken about its label
 * set, and every connected agent that is to know the Pod has acknowledged the revision that told it. Own rules are never
 * waived; the wait for the others is bounded by a timer that starts when the own rules are in. What was ready once stays so.
 *
 * An acknowledgement proves what it is about: one of a revision before the last change of the own rules, or of an agent
 * that has not been told anything yet, is none. After a restart everything that was not told to be ready is proven again.
 *
 * Times are milliseconds since the epoch, given by the caller.
 */
import type { PodReadiness } from '@ringfence/contracts';
import { isSameValue } from '@ringfence/decider';
import type { AgentBook } from './agent-book.js';
import { phases } from './convergence.js';
import type { Convergence } from './convergence.js';

export interface AwaitedPod {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  /** Whether policy applies to it at all. */
  readonly isManaged: boolean;
  readonly gates: readonly string[];
  readonly timerMs: number;
  /** Before that nobody can know it, and no acknowledgement can be of it. */
  readonly hasAddress: boolean;
  readonly observedAt: number;
  /** It came while everything was in sync: how long it takes is worth measuring. */
  readonly isNews: boolean;
}

/** Who knows the Pod; `Spans` answers it. */
export interface SpanLookup {
  span(pod: string): Iterable<{ readonly node: string; readonly since: number }>;
  /** Of one node; undefined: it does not know the Pod. */
  knownSince(node: string, pod: string): number | undefined;
  nodeOf(pod: string): string | null;
  /** The revision with which its node was last told of the Pod's own rules; undefined: it was not told yet. */
  ownRulesSince(pod: string): number | undefined;
  /** False: until the control plane speaks about its label set, the Pod stands closed. */
  isPolicyKnown(pod: string): boolean;
}

export interface ReadinessChanges {
  readonly told: readonly PodReadiness[];
  /** Pods that the last of their peers knows now. */
  readonly converged: readonly Convergence[];
}
interface Changes {
  readonly told: PodReadiness[];
  readonly converged: Convergence[];
}

interface Waiting {
  pod: AwaitedPod;
  addressAt: number | null;
  ownAt: number | null;
  isTold: boolean;
  /** The agent that it waits for in the first place. */
  blockedOn: string | null;
}
interface Peers {
  /** One of the laggards. */
  readonly blocker: string | null;
  readonly laggards: readonly string[];
  readonly disconnected: readonly string[];
}

/** Everything that waits is looked at so often, because time alone may decide. */
const LOOK_AGAIN_MS = 1_000;

const CONTROL_PLANE = 'the control plane, which has not said yet what these labels may do';

export class Readiness {
  private readonly waiting = new Map<string, Waiting>();
  /** Pods that converged; they are looked at no more. */
  private readonly done = new Set<string>();
  private readonly told = new Map<string, PodReadiness>();
  /** A word of an agent concerns only those that wait for it: after a start, thousands wait for one or the other. */
  private readonly blockedOn = new Map<string, Set<string>>();
  private readonly due = new Set<string>();
  private lookedAt = 0;
  private isForgotten = false;

  constructor(
    private readonly views: SpanLookup,
    private readonly agents: AgentBook,
  ) {}

  /** From before a restart. */
  restore(readiness: PodReadiness): void {
    this.told.set(readiness.podUid, readiness);
    const waiting = this.waiting.get(readiness.podUid);
    if (waiting !== undefined && readiness.ready) waiting.isTold = true;
  }

  /** Who was told has lost it: all of it is told once more. */
  sayAgain(): void {
    this.isForgotten = true;
  }

  setPod(pod: AwaitedPod): void {
    if (this.done.has(pod.uid)) return;
    const waiting = this.waiting.get(pod.uid);
    this.due.add(pod.uid);
    if (waiting !== undefined)
      waiting.pod = { ...pod, observedAt: waiting.pod.observedAt, isNews: waiting.pod.isNews };
    else {
      const isTold = pod.gates.length === 0 || this.told.get(pod.uid)?.ready === true;
      this.waiting.set(pod.uid, { pod, addressAt: null, ownAt: null, isTold, blockedOn: null });
    }
  }

  /** True if something was told of it that is to be withdrawn. */
  removePod(uid: string): boolean {
    const waiting = this.waiting.get(uid);
    if (waiting !== undefined) this.block(waiting, null);
    this.waiting.delete(uid);
    this.due.delete(uid);
    this.done.delete(uid);
    return this.told.delete(uid);
  }

  /** An agent said something: those that wait for it are looked at. */
  agentSpoke(node: string): void {
    for (const uid of this.blockedOn.get(node) ?? []) this.due.add(uid);
  }

  evaluate(now: number): ReadinessChanges {
    const changes: Changes = { told: this.isForgotten ? [...this.told.values()] : [], converged: [] };
    this.isForgotten = false;
    if (Math.abs(now - this.lookedAt) >= LOOK_AGAIN_MS) {
      this.lookedAt = now;
      for (const uid of this.waiting.keys()) this.due.add(uid);
    }
    for (const uid of this.due) {
      const waiting = this.waiting.get(uid);
      if (waiting !== undefined) this.look(waiting, now, changes);
    }
    this.due.clear();
    return changes;
  }

  private look(waiting: Waiting, now: number, changes: Changes): void {
    const { pod } = waiting;
    const isOwn = this.hasOwnRules(waiting, now);
    if (waiting.isTold && this.isStillBlocked(waiting, isOwn, now)) return;
    const peers = isOwn ? this.peers(pod.uid, now) : null;
    this.block(waiting, this.blockerOf(pod.uid, peers));
    if (!waiting.isTold) {
      const readiness = peers === null ? this.pending(pod) : this.judge(waiting, peers, now);
      this.tell(waiting, readiness, changes.told);
    }
    if (peers?.blocker === null && waiting.isTold) this.converged(waiting, now, changes.converged);
  }

  /** What the control plane says reaches the Pod through its own node. */
  private blockerOf(pod: string, peers: Peers | null): string | null {
    return peers === null || !this.views.isPolicyKnown(pod) ? this.views.nodeOf(pod) : peers.blocker;
  }

  private converged({ pod, addressAt, ownAt }: Waiting, now: number, converged: Convergence[]): void {
    const { uid, namespace, name, observedAt } = pod;
    if (pod.isManaged && pod.isNews) {
      const seconds = phases({ observedAt, addressAt: addressAt ?? now, ownAt: ownAt ?? now, doneAt: now });
      converged.push({ uid, namespace, name, seconds });
    }
    this.waiting.delete(pod.uid);
    this.done.add(pod.uid);
  }

  private tell(waiting: Waiting, readiness: PodReadiness, told: PodReadiness[]): void {
    if (!isSameValue(this.told.get(readiness.podUid), readiness)) told.push(readiness);
    this.told.set(readiness.podUid, readiness);
    waiting.isTold = readiness.ready;
  }

  /** Cheap, for those about whom nothing more is to be told. */
  private isStillBlocked({ pod, blockedOn }: Waiting, isOwn: boolean, now: number): boolean {
    if (blockedOn === null) return false;
    if (!isOwn) return blockedOn === this.views.nodeOf(pod.uid);
    const since = this.views.knownSince(blockedOn, pod.uid);
    return (
      since !== undefined &&
      this.agents.revisionOf(blockedOn) < since &&
      !this.agents.isDisconnected(blockedOn, now)
    );
  }

  private block(waiting: Waiting, node: string | null): void {
    const { blockedOn, pod } = waiting;
    if (blockedOn === node) return;
    if (blockedOn !== null) {
      const others = this.blockedOn.get(blockedOn);
      if (others?.delete(pod.uid) && others.size === 0) this.blockedOn.delete(blockedOn);
    }
    waiting.blockedOn = node;
    if (node === null) return;
    const others = this.blockedOn.get(node);
    if (others === undefined) this.blockedOn.set(node, new Set([pod.uid]));
    else others.add(pod.uid);
  }

  isAwaited(uid: string): boolean {
    return this.waiting.has(uid);
  }

  get waitingPods(): number {
    return this.waiting.size;
  }

  /** In the kernel, or none to be there. */
  private hasOwnRules(waiting: Waiting, now: number): boolean {
    const { pod } = waiting;
    if (pod.hasAddress) waiting.addressAt ??= now;
    const isOwn = !pod.isManaged || (pod.hasAddress && this.isInKernel(pod.uid));
    if (isOwn) waiting.ownAt ??= now;
    return isOwn;
  }

  private isInKernel(pod: string): boolean {
    const node = this.views.nodeOf(pod);
    const since = this.views.ownRulesSince(pod);
    if (node === null || since === undefined) return false;
    return this.agents.hasPod(node, pod) && this.agents.revisionOf(node) >= since;
  }

  private pending(pod: AwaitedPod): PodReadiness {
    const node = this.views.nodeOf(pod.uid);
    const failure = this.agents.failureOf(node ?? '', pod.uid);
    const state = failure === undefined ? 'not in the kernel yet' : `not in the kernel: ${failure}`;
    if (!pod.hasAddress && this.agents.hasPod(node ?? '', pod.uid))
      return readiness(pod, 'PolicyPending', 'the address of this Pod is not known yet');
    return readiness(
      pod,
      'PolicyPending',
      `rules of this Pod are ${state}${node === null ? ' (no node yet)' : ''}`,
    );
  }

  private judge({ pod, ownAt }: Waiting, { laggards, disconnected }: Peers, now: number): PodReadiness {
    const leftOut =
      disconnected.length === 0 ? '' : `; disconnected and left out: ${disconnected.join(', ')}`;
    if (!pod.isManaged)
      return readiness(pod, 'PolicyReady', 'the namespace is not managed: no policy applies');
    const isKnown = this.views.isPolicyKnown(pod.uid);
    if (laggards.length === 0 && isKnown)
      return readiness(pod, 'PolicyReady', `in force here and at every peer${leftOut}`);
    const names = [...laggards, ...(isKnown ? [] : [CONTROL_PLANE])].join(', ');
    if (now - ownAt! >= pod.timerMs) {
      return readiness(pod, 'PolicyReadyTimeout', `not waiting any longer for ${names}${leftOut}`);
    }
    return readiness(pod, 'PolicyPending', `waiting for ${names}${leftOut}`);
  }

  private peers(pod: string, now: number): Peers {
    const laggards: string[] = [];
    const disconnected: string[] = [];
    for (const { node, since } of this.views.span(pod)) {
      if (this.agents.isDisconnected(node, now)) disconnected.push(node);
      else if (this.agents.revisionOf(node) < since) laggards.push(node);
    }
    return { blocker: laggards[0] ?? null, laggards: laggards.sort(), disconnected: disconnected.sort() };
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
