/**
 * A cluster's share of the control server's streams. nats-server limits no rates: a cluster's own uplink keeps to half of its
 * share (`pace`), and who reads a stream of many clusters drops unread what is beyond it (`clusterGate`). Time is that of the
 * server's storing, so that a reader that was away takes no backlog for a flood.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseSubject } from '@ringfence/contracts';
import type { Arrived } from './bus.js';
import type { BusMetrics } from './metrics.js';
import { Shares } from './shares.js';
import type { Share } from './shares.js';

const MIB = 1024 ** 2;
/** More nodes than a cluster has, each with two subjects in a lane. */
const NODE_SUBJECTS = 20_000;
/** Of each stream. A cluster of 5,000 nodes says some hundred messages a second; what a flood leaves to be read stays bounded by it. */
const CLUSTER_SHARE: Share = {
  ...{ messages: 4_096, messagesPerSecond: 1_000, bytes: 64 * MIB, bytesPerSecond: 16 * MIB },
  ...{ subjects: NODE_SUBJECTS, patience: 1_000 },
};
/** The server's clock and a reader's. */
const CLOCKS_DIFFER_BY_SECONDS = 10;
/** Objects come and go, nodes hardly. */
const SHARES: Readonly<Record<string, Share>> = {
  OBSERVATIONS: { ...CLUSTER_SHARE, subjects: 100_000 },
};

export interface BeyondShare {
  readonly cluster: string;
  readonly stream: string;
  /** For people: what was dropped last, and when the server had stored it. */
  readonly detail: string;
  readonly at: string;
}
export interface ClusterGateOptions {
  readonly metrics: BusMetrics;
  /** Once in a flood. */
  readonly onAbuse: (abuse: BeyondShare) => void;
  readonly now?: () => number;
}

/** For a reader of one cluster's messages in the stream: false for what is beyond its share. */
export function clusterGate(
  stream: string,
  { metrics, onAbuse, now = Date.now }: ClusterGateOptions,
): (arrived: Arrived) => boolean {
  const share = SHARES[stream] ?? CLUSTER_SHARE;
  const shares = new Shares(share);
  const dropped = metrics.counter('bus_beyond_share_total', 'Messages of clusters that were dropped unread');
  let isFlooded = false;
  return (arrived) => {
    const { subject, bytes, storedAt, waiting } = arrived;
    const { cluster } = parseSubject(subject);
    const taken = shares.take(cluster, arrived, storedAt.getTime());
    const wasFlooded = isFlooded;
    isFlooded = waiting > mostSince(share, now() - storedAt.getTime());
    if (taken === 'abuse' || (isFlooded && !wasFlooded)) {
      const detail = `${bytes} bytes on ${subject}, ${waiting} more wait`;
      onAbuse({ cluster, stream, detail, at: storedAt.toISOString() });
    }
    if (taken !== 'taken') dropped.add(1, { stream, cluster });
    return taken === 'taken';
  };
}

/** What can have come within the share after a message: a flood is known by its first one, long before all of it is read. */
const mostSince = ({ messages, messagesPerSecond }: Share, ms: number): number =>
  messages + messagesPerSecond * (Math.max(0, ms) / 1_000 + CLOCKS_DIFFER_BY_SECONDS);

interface Clock {
  now(): number;
  wait(ms: number): Promise<void>;
}
const CLOCK: Clock = {
  now: () => performance.now(),
  wait: (ms) => sleep(ms, undefined, { ref: false }),
};

export type Pace = (subject: string, bytes: number) => Promise<void>;

/** Waits until what is to be said next is within half of the share: neither clocks nor a restart bring a cluster beyond it. */
export function clusterPace(share: Share = CLUSTER_SHARE, { now, wait }: Clock = CLOCK): Pace {
  const lanes = new Map<string, { messages: number; bytes: number; at: number }>();
  return async (subject, size) => {
    const { lane } = parseSubject(subject);
    const [messages, bytes] = [share.messages / 2, share.bytes / 2];
    const [messagesPerMs, bytesPerMs] = [share.messagesPerSecond / 2_000, share.bytesPerSecond / 2_000];
    const before = lanes.get(lane) ?? { messages, bytes, at: now() };
    const sinceMs = now() - before.at;
    // Below zero is what others wait for already.
    const left = {
      messages: Math.min(messages, before.messages + sinceMs * messagesPerMs) - 1,
      bytes: Math.min(bytes, before.bytes + sinceMs * bytesPerMs) - size,
      at: now(),
    };
    lanes.set(lane, left);
    const waitMs = Math.max(-left.messages / messagesPerMs, -left.bytes / bytesPerMs);
    if (waitMs > 0) await wait(waitMs);
  };
}
