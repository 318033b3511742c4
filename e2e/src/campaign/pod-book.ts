/**
 * Which Pod had which address when, and when it was said to be ready, from looking at Kubernetes again and again. A Pod counts as
 * ready only between two looks that both said so, and an address belongs to everybody who may have had it: in doubt nobody is accused.
 */
import type { Place } from './model.js';

export interface PodLook {
  readonly uid: string;
  readonly name: string;
  readonly namespace: string;
  readonly role: string;
  readonly node: string;
  readonly address: string | null;
  readonly createdAt: number;
  /** When its first container started, to the second; null: none has. */
  readonly startedAt: number | null;
  /** Ready, with its policy proven and not merely waited for. */
  readonly isReady: boolean;
  /** What its condition says about nodes that were left out. */
  readonly readyMessage: string;
}

export interface KnownPod extends Place {
  readonly uid: string;
  readonly name: string;
  readonly node: string;
  readonly address: string;
}

interface Span {
  readonly from: number;
  to: number;
  readonly message: string;
}
interface Entry extends KnownPod {
  readonly createdAt: number;
  startedAt: number | null;
  goneAt: number | null;
  readonly ready: Span[];
}

/** A look is late, and a packet of a Pod that has just ended may still be under way. */
const DOUBT_MS = 3_000;
const KEPT_MS = 120_000;
/** Kubernetes tells whole seconds. */
const START_DOUBT_MS = 1_000;

export class PodBook {
  private readonly entries = new Map<string, Entry>();
  /** When the newest look began. */
  lookedAt = -Infinity;

  look(pods: readonly PodLook[], began: number, ended: number): void {
    const seen = new Set<string>();
    for (const pod of pods) {
      if (pod.address === null) continue;
      seen.add(pod.uid);
      this.take({ ...pod, address: pod.address }, began, ended);
    }
    for (const entry of this.entries.values()) {
      if (!seen.has(entry.uid)) entry.goneAt ??= ended;
      if (entry.goneAt !== null && ended - entry.goneAt > KEPT_MS) this.entries.delete(entry.uid);
    }
    this.lookedAt = began;
  }

  private take(pod: PodLook & { address: string }, began: number, ended: number): void {
    const { uid, name, namespace, role, node, address, createdAt } = pod;
    const known = this.entries.get(uid);
    const entry = known ?? {
      ...{ uid, name, namespace, role, node, address, createdAt },
      ...{ startedAt: null, goneAt: null, ready: [] },
    };
    this.entries.set(uid, entry);
    entry.startedAt ??= pod.startedAt;
    const last = entry.ready.at(-1);
    if (!pod.isReady) {
      // Ends the span where the look before it ended.
      if (last !== undefined && last.to !== -Infinity)
        entry.ready.push({ from: Infinity, to: -Infinity, message: '' });
      return;
    }
    if (last === undefined || last.to === -Infinity)
      entry.ready.push({ from: ended, to: began, message: pod.readyMessage });
    else last.to = began;
  }

  /** Everybody who may have had the address. */
  holders(address: string, from: number, to: number): KnownPod[] {
    return [...this.entries.values()].filter(
      (entry) =>
        entry.address === address &&
        entry.createdAt - DOUBT_MS <= to &&
        (entry.goneAt === null || entry.goneAt + DOUBT_MS >= from),
    );
  }

  named(name: string): KnownPod | undefined {
    return [...this.entries.values()].find((entry) => entry.name === name);
  }

  /** Said to be ready all the while; a node that was left out is no witness. */
  wasReady(uid: string, from: number, to: number, onNode: string): boolean {
    const spans = this.entries.get(uid)?.ready ?? [];
    return spans.some((span) => span.from <= from && to <= span.to && !span.message.includes(onNode));
  }

  /** Nothing ran in it yet, or perhaps not: whatever answered was the kernel of an empty namespace. */
  wasEmpty(uid: string, until: number): boolean {
    const startedAt = this.entries.get(uid)?.startedAt ?? null;
    return startedAt === null || until < startedAt + START_DOUBT_MS;
  }

  living(namespace: string): KnownPod[] {
    return [...this.entries.values()].filter(
      (entry) => entry.namespace === namespace && entry.goneAt === null,
    );
  }

  readyNow(uid: string): boolean {
    return (this.entries.get(uid)?.ready.at(-1)?.to ?? -Infinity) !== -Infinity;
  }
}
