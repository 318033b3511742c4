/**
 * How much one node may say. NATS bounds the size of a message, not their number: one node could keep the readers of all
 * others busy. Each node has a bucket of messages and of bytes that fills again with time; what is beyond is dropped and
 * counted, and who goes on beyond it is cut off for a while. An agent that comes back from an outage needs its whole bucket.
 */

export interface Share {
  /** At once, and per second in the long run. */
  readonly messages: number;
  readonly messagesPerSecond: number;
  readonly bytes: number;
  readonly bytesPerSecond: number;
  /** Dropped in a row, without a pause of a second: no agent of ours does that. */
  readonly patience: number;
}

const MIB = 1024 ** 2;
/** A stream holds 2,048 flow batches of a node; an agent in a busy cluster says a few messages a second. */
const NODE_SHARE: Share = {
  messages: 4_096,
  messagesPerSecond: 50,
  bytes: 512 * MIB,
  bytesPerSecond: 4 * MIB,
  patience: 1_000,
};

export type Taken = 'taken' | 'dropped' | 'abuse';

interface Bucket {
  messages: number;
  bytes: number;
  filledAt: number;
  dropped: number;
}

/** More nodes than a cluster has; beyond it the one that was silent longest starts with a full bucket again. */
const MOST_NODES = 10_000;

export class NodeShares {
  private readonly buckets = new Map<string, Bucket>();

  constructor(private readonly share: Share = NODE_SHARE) {}

  /** `abuse` is said once, when the patience ends; until the node has been silent for a second everything else is dropped. */
  take(node: string, bytes: number, now: number): Taken {
    const bucket = this.filled(node, now);
    if (bucket.messages >= 1 && bucket.bytes >= bytes) {
      bucket.messages -= 1;
      bucket.bytes -= bytes;
      return 'taken';
    }
    bucket.dropped += 1;
    return bucket.dropped === this.share.patience ? 'abuse' : 'dropped';
  }

  private filled(node: string, now: number): Bucket {
    const { messages, messagesPerSecond, bytes, bytesPerSecond } = this.share;
    const before = this.buckets.get(node) ?? { messages, bytes, filledAt: now, dropped: 0 };
    const seconds = Math.max(0, now - before.filledAt) / 1_000;
    const bucket = {
      messages: Math.min(messages, before.messages + seconds * messagesPerSecond),
      bytes: Math.min(bytes, before.bytes + seconds * bytesPerSecond),
      filledAt: now,
      dropped: seconds >= 1 ? 0 : before.dropped,
    };
    this.buckets.delete(node);
    this.buckets.set(node, bucket);
    const [oldest] = this.buckets.keys();
    if (oldest !== undefined && this.buckets.size > MOST_NODES) this.buckets.delete(oldest);
    return bucket;
  }
}
