/**
 * The POLICY stream: records of a flush, then the commit that closes it. At the start it learns what the stream holds, so
 * that only differences are written. After a failure the caller hands the same keys in again: values are read when
 * they are written, and a flush number is never used twice.
 */
import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { TransientError } from '@ringfence/bus';
import type { Bus, LatestValue } from '@ringfence/bus';
import { CommitRecord, parseSubject, subjects } from '@ringfence/contracts';
import type { FactPositions } from '@ringfence/contracts';
import { RECORD_KINDS } from '../domain/standing-policy.js';
import type { RecordKey, StandingPolicy } from '../domain/standing-policy.js';

const STREAM = 'POLICY';
/** Where the clocks of two writers differ: more than one can write before it knows that its turn is over. */
const FLUSHES_UNNOTICED = 10_000;

/** What the stream holds of a cluster that was not yet written to. */
interface HeldCluster {
  /** By subject, the fingerprint of the record. */
  readonly records: Map<string, string>;
  commit: CommitRecord | null;
  /** Highest of all records. */
  flush: number;
}
/** What is to be written, by key, and removed, by subject. */
interface Plan {
  readonly upserts: readonly RecordKey[];
  readonly removals: readonly string[];
}

/** What the records were made from. */
export interface FlushSource {
  readonly policyVersion: number;
  readonly facts: FactPositions;
}
type Committed = FlushSource & { readonly hash: string };

export interface FlushResult {
  readonly flush: number;
  readonly upserts: number;
  readonly removals: number;
}

const text = ({ kind, id }: RecordKey): string => `${kind}/${id}`;
const fingerprint = (record: unknown): string =>
  createHash('sha256')
    .update(JSON.stringify(record) ?? '')
    .digest('base64');

/** Of the commit: over the sorted `kind/id` of all live records, one a line. */
export function hashOfKeys(keys: readonly RecordKey[]): string {
  return createHash('sha256').update(keys.map(text).sort().join('\n')).digest('hex');
}

export class PolicyLane {
  private readonly held = new Map<string, HeldCluster>();
  private readonly committed = new Map<string, Committed>();

  private flush = 0;
  private isOver = false;

  private constructor(private readonly bus: Bus) {}

  /**
   * Waits until it has read every record that the stream holds. Its numbers begin at the microsecond of its opening, above all that
   * were given before, on a stream that was lost, or are still given by a writer that does not know that it lost its turn.
   */
  static async open(bus: Bus, onError: (error: unknown, subject: string) => void): Promise<PolicyLane> {
    const lane = new PolicyLane(bus);
    const kinds = [...RECORD_KINDS, 'commit'];
    const readers = await Promise.all(
      kinds.map((kind) => bus.latest(STREAM, `policy.*.${kind}.*`, (value) => lane.hold(value), { onError })),
    );
    await Promise.all(readers.map((reader) => reader.caughtUp));
    await Promise.all(readers.map((reader) => reader.close()));
    lane.flush = Math.max(lane.flush + FLUSHES_UNNOTICED, Date.now() * 1_000);
    return lane;
  }

  /** The turn is lost: what is under way is not committed any more. */
  end(): void {
    this.isOver = true;
  }

  /** Clusters that the stream still holds records of, from before the start. */
  heldClusters(): string[] {
    return [...this.held.keys()];
  }

  /** Writes what the keys name, or removes it, and commits. Null: the stream already says all of it. */
  async publish(
    cluster: string,
    standing: StandingPolicy,
    touched: readonly RecordKey[],
    { policyVersion, facts }: FlushSource,
  ): Promise<FlushResult | null> {
    const held = this.committed.has(cluster) ? null : (this.held.get(cluster) ?? emptyCluster());
    const plan = held === null ? planOf(cluster, standing, touched) : differences(cluster, held, standing);
    const hash = hashOfKeys(standing.keys());
    const isSaid = this.isCommitted(cluster, held, { policyVersion, facts, hash });
    if (isSaid && plan.upserts.length + plan.removals.length === 0) return null;
    const flush = ++this.flush;
    await this.bus.publishMany(
      plan.upserts.map((key) => ({
        subject: subjectOf(cluster, key),
        payload: { flush, policyVersion, [key.kind]: standing.record(key) },
      })),
    );
    this.refuseIfOver();
    await Promise.all(plan.removals.map((subject) => this.bus.remove(subject)));
    this.refuseIfOver();
    const at = new Date().toISOString();
    const commit: CommitRecord = { flush, policyVersion, at, counts: standing.counts(), hash, facts };
    await this.bus.publish(subjects.commit(cluster), commit);
    this.committed.set(cluster, { policyVersion, facts, hash });
    this.held.delete(cluster);
    return { flush, upserts: plan.upserts.length, removals: plan.removals.length };
  }

  /** Of a cluster that is gone: every record, the commit last. */
  async withdraw(cluster: string, keys: readonly RecordKey[]): Promise<void> {
    const held = this.held.get(cluster)?.records.keys() ?? [];
    const all = new Set([...keys.map((key) => subjectOf(cluster, key)), ...held]);
    await Promise.all([...all].map((subject) => this.bus.remove(subject)));
    await this.bus.remove(subjects.commit(cluster));
    this.held.delete(cluster);
    this.committed.delete(cluster);
  }

  private refuseIfOver(): void {
    if (this.isOver) throw new TransientError('another process may write by now');
  }

  private isCommitted(cluster: string, held: HeldCluster | null, now: Committed): boolean {
    const commit = held === null ? this.committed.get(cluster) : closedCommit(held);
    return (
      commit?.policyVersion === now.policyVersion &&
      commit.hash === now.hash &&
      isDeepStrictEqual(commit.facts, now.facts)
    );
  }

  /** As it is on the stream, not as a schema would write it: the comparison is by text. */
  private hold({ subject, payload }: LatestValue): void {
    if (payload === null) return;
    const { cluster, kind } = parseSubject(subject);
    const held = this.held.get(cluster) ?? emptyCluster();
    this.held.set(cluster, held);
    const record = payload as Partial<Record<string, unknown>>;
    const flush = typeof record['flush'] === 'number' ? record['flush'] : 0;
    this.flush = Math.max(this.flush, flush);
    if (kind === 'commit') held.commit = CommitRecord.safeParse(payload).data ?? null;
    else {
      held.records.set(subject, fingerprint(record[kind]));
      held.flush = Math.max(held.flush, flush);
    }
  }
}

const emptyCluster = (): HeldCluster => ({ records: new Map(), commit: null, flush: 0 });

/** A commit that is older than one of the records closes nothing. */
const closedCommit = (held: HeldCluster): CommitRecord | null =>
  held.commit !== null && held.commit.flush >= held.flush ? held.commit : null;

/** What is referred to is written first, and removed last. */
function planOf(cluster: string, standing: StandingPolicy, keys: readonly RecordKey[]): Plan {
  const inOrder = RECORD_KINDS.flatMap((kind) => keys.filter((key) => key.kind === kind));
  return {
    upserts: inOrder.filter((key) => standing.record(key) !== undefined),
    removals: inOrder
      .filter((key) => standing.record(key) === undefined)
      .reverse()
      .map((key) => subjectOf(cluster, key)),
  };
}

/** Everything that stands otherwise than the stream has it, and what the stream has and stands no more. */
function differences(cluster: string, held: HeldCluster, standing: StandingPolicy): Plan {
  const keys = standing.keys();
  const standingSubjects = new Set(keys.map((key) => subjectOf(cluster, key)));
  const changed = keys.filter(
    (key) => held.records.get(subjectOf(cluster, key)) !== fingerprint(standing.record(key)),
  );
  return {
    upserts: planOf(cluster, standing, changed).upserts,
    removals: [...held.records.keys()].filter((subject) => !standingSubjects.has(subject)),
  };
}

const subjectOf = (cluster: string, { kind, id }: RecordKey): string => subjects.policy(cluster, kind, id);
