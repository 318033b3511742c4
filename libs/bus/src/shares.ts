/**
 * How much one writer of a stream that others write too may say. NATS bounds the size of a message, not their number: one
 * writer could keep the readers of all others busy. Each has a bucket of messages and of bytes that fills again with time, and
 * may name only so many subjects a day; what is beyond is dropped and counted, and who goes on beyond it is cut off for a while.
 */

export interface Share {
  /** At once, and per second in the long run. */
  readonly messages: number;
  readonly messagesPerSecond: number;
  readonly bytes: number;
  readonly bytesPerSecond: number;
  /** Different ones within a day: each costs the server memory, and whoever reads a row. */
  readonly subjects: number;
  /** Dropped in a row, without a pause of a second: nobody of ours does that. */
  readonly patience: number;
}

export type Taken = 'taken' | 'dropped' | 'abuse';

export interface Said {
  readonly subject: string;
  readonly bytes: number;
}

interface Bucket {
  messages: number;
  bytes: number;
  filledAt: number;
  dropped: number;
  droppedBytes: number;
  subjects: Set<string>;
  subjectsSince: number;
}

/** More writers than a stream has; beyond it the one that was silent longest starts with a full bucket again. */
const MOST_WRITERS = 10_000;
const DAY_MS = 86_400_000;

export class Shares {
  private readonly buckets = new Map<string, Bucket>();

  constructor(private readonly share: Share) {}

  /** `abuse` is said once, when the patience ends; until the writer has been silent for a second everything else is dropped. */
  take(writer: string, said: Said, now: number): Taken {
    const bucket = this.filled(writer, now);
    if (bucket.messages >= 1 && bucket.bytes >= said.bytes && this.mayName(bucket, said.subject)) {
      bucket.messages -= 1;
      bucket.bytes -= said.bytes;
      return 'taken';
    }
    const wasPatient = this.isPatient(bucket);
    bucket.dropped += 1;
    bucket.droppedBytes += said.bytes;
    return wasPatient && !this.isPatient(bucket) ? 'abuse' : 'dropped';
  }

  private mayName({ subjects }: Bucket, subject: string): boolean {
    if (subjects.size < this.share.subjects) subjects.add(subject);
    return subjects.has(subject);
  }

  /** Of bytes, as many again as there are at once. */
  private isPatient({ dropped, droppedBytes }: Bucket): boolean {
    return dropped < this.share.patience && droppedBytes < this.share.bytes;
  }

  private filled(writer: string, now: number): Bucket {
    const { messages, messagesPerSecond, bytes, bytesPerSecond } = this.share;
    const before = this.buckets.get(writer) ?? fresh(this.share, now);
    const seconds = Math.max(0, now - before.filledAt) / 1_000;
    const isNewDay = now - before.subjectsSince > DAY_MS;
    const bucket = {
      messages: Math.min(messages, before.messages + seconds * messagesPerSecond),
      bytes: Math.min(bytes, before.bytes + seconds * bytesPerSecond),
      filledAt: now,
      dropped: seconds >= 1 ? 0 : before.dropped,
      droppedBytes: seconds >= 1 ? 0 : before.droppedBytes,
      subjects: isNewDay ? new Set<string>() : before.subjects,
      subjectsSince: isNewDay ? now : before.subjectsSince,
    };
    this.buckets.delete(writer);
    this.buckets.set(writer, bucket);
    const [oldest] = this.buckets.keys();
    if (oldest !== undefined && this.buckets.size > MOST_WRITERS) this.buckets.delete(oldest);
    return bucket;
  }
}

const fresh = ({ messages, bytes }: Share, now: number): Bucket => ({
  ...{ messages, bytes, filledAt: now, dropped: 0, droppedBytes: 0 },
  subjects: new Set(),
  subjectsSince: now,
});
