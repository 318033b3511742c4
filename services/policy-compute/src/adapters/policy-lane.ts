/**
 * The POLICY stream: records of a flush, then the commit that closes it. At the start it learns what the stream holds, so
 * that only differences are written. After a failure the caller hands the same keys in again: values are read when
 * they are written, and a flush number is never used twice.
 */
import { createHash } from 'node:crypto';
import { CommitRecord, EndpointRecord, GroupRecord, subjects, UnitRecord } from '@ringfence/contracts';
import type { Bus, LatestValue, Publication } from '@ringfence/bus';
import { RECORD_KINDS } from '../domain/standing-policy.js';
import type { RecordKey, RecordKind, StandingPolicy } from '../domain/standing-policy.js';

const STREAM = 'POLICY';

interface HeldRecord extends RecordKey {
  readonly fingerprint: string;
}
/** What the stream holds of a cluster that was not yet written to. */
interface HeldCluster {
  readonly records: Map<string, HeldRecord>;
  commit: CommitRecord | null;
  /** Highest of all records. */
  flush: number;
}

export interface FlushResult {
  readonly flush: number;
  readonly upserts: number;
  readonly removals: number;
}

const text = ({ kind, id }: RecordKey): string => `${kind}/${id}`;
const fingerprint = (record: unknown): string =>
  createHash('sha256').update(JSON.stringify(record)).digest('base64');

/** Of the commit: over the sorted `kind/id` of all live records, one a line. */
export function hashOfKeys(keys: readonly RecordKey[]): string {
  return createHash('sha256').update(keys.map(text).sort().join('\n')).digest('hex');
}

export class PolicyLane {
  readonly #held = new Map<string, HeldCluster>();
  readonly #committed = new Map<string, { readonly policyVersion: number; readonly hash: string }>();
  #flush = 0;

  private constructor(private readonly bus: Bus) {}

  /** Waits until it has read every record that the stream holds. */
  static async open(bus: Bus, onError: (error: unknown, subject: string) => void): Promise<PolicyLane> {
    const lane = new PolicyLane(bus);
    const kinds = [...RECORD_KINDS, 'commit'];
    const readers = await Promise.all(
      kinds.map((kind) =>
        bus.latest(STREAM, `policy.*.${kind}.*`, (value) => lane.#hold(value), { onError }),
      ),
    );
    await Promise.all(readers.map((reader) => reader.caughtUp));
    await Promise.all(readers.map((reader) => reader.close()));
    return lane;
  }

  /** Clusters that the stream still holds records of, from before the start. */
  heldClusters(): string[] {
    return [...this.#held.keys()];
  }

  /** Writes what the keys name, or removes it, and commits. Null: the stream already says all of it. */
  async publish(
    cluster: string,
    standing: StandingPolicy,
    touched: readonly RecordKey[],
    policyVersion: number,
  ): Promise<FlushResult | null> {
    const held = this.#held.get(cluster);
    const keys = held === undefined ? touched : differences(held, standing);
    const hash = hashOfKeys(standing.keys());
    if (keys.length === 0 && this.#isCommitted(cluster, held, policyVersion, hash)) return null;
    const flush = ++this.#flush;
    const upserts = RECORD_KINDS.flatMap((kind) => keys.filter((key) => key.kind === kind)).flatMap((key) => {
      const record = standing.record(key);
      return record === undefined
        ? []
        : [publicationOf(cluster, key, { flush, policyVersion, [key.kind]: record })];
    });
    const removals = [...RECORD_KINDS]
      .reverse()
      .flatMap((kind) => keys.filter((key) => key.kind === kind && standing.record(key) === undefined));
    await this.bus.publishMany(upserts);
    await Promise.all(removals.map((key) => this.bus.remove(subjects.policy(cluster, key.kind, key.id))));
    const commit: CommitRecord = {
      flush,
      policyVersion,
      at: new Date().toISOString(),
      counts: standing.counts(),
      hash,
    };
    await this.bus.publish(subjects.commit(cluster), commit);
    this.#committed.set(cluster, { policyVersion, hash });
    this.#held.delete(cluster);
    return { flush, upserts: upserts.length, removals: removals.length };
  }

  /** Of a cluster that is gone: every record, the commit last. */
  async withdraw(cluster: string, keys: readonly RecordKey[]): Promise<void> {
    const all = [...keys, ...(this.#held.get(cluster)?.records.values() ?? [])];
    await Promise.all(all.map((key) => this.bus.remove(subjects.policy(cluster, key.kind, key.id))));
    await this.bus.remove(subjects.commit(cluster));
    this.#held.delete(cluster);
    this.#committed.delete(cluster);
  }

  #isCommitted(cluster: string, held: HeldCluster | undefined, policyVersion: number, hash: string): boolean {
    const commit = this.#committed.get(cluster) ?? held?.commit;
    const isClosed = held === undefined || (held.commit !== null && held.commit.flush >= held.flush);
    return isClosed && commit?.policyVersion === policyVersion && commit.hash === hash;
  }

  #hold({ subject, payload }: LatestValue): void {
    if (payload === null) return;
    const [, cluster = '', kind = ''] = subject.split('.');
    const held = this.#held.get(cluster) ?? {
      records: new Map<string, HeldRecord>(),
      commit: null,
      flush: 0,
    };
    this.#held.set(cluster, held);
    if (kind === 'commit') {
      held.commit = CommitRecord.safeParse(payload).data ?? null;
      this.#flush = Math.max(this.#flush, held.commit?.flush ?? 0);
      return;
    }
    const record = readRecord(kind as RecordKind, payload);
    held.records.set(text(record), record);
    held.flush = Math.max(held.flush, record.flush);
    this.#flush = Math.max(this.#flush, record.flush);
  }
}

/** Everything that stands otherwise than the stream has it, and what the stream has and stands no more. */
function differences(held: HeldCluster, standing: StandingPolicy): RecordKey[] {
  const changed = standing
    .keys()
    .filter((key) => held.records.get(text(key))?.fingerprint !== fingerprint(standing.record(key)));
  const gone = [...held.records.values()].filter((key) => standing.record(key) === undefined);
  return [...changed, ...gone.map(({ kind, id }) => ({ kind, id }))];
}

/** As it is on the stream, not as the schema would write it: the comparison is by text. */
function readRecord(kind: RecordKind, payload: unknown): HeldRecord & { readonly flush: number } {
  switch (kind) {
    case 'unit': {
      const { flush, unit } = UnitRecord.parse(payload);
      return { kind, id: unit.labelSet.id, flush, fingerprint: fingerprint((payload as UnitRecord).unit) };
    }
    case 'group': {
      const { flush, group } = GroupRecord.parse(payload);
      return { kind, id: group.id, flush, fingerprint: fingerprint((payload as GroupRecord).group) };
    }
    case 'endpoint': {
      const { flush, endpoint } = EndpointRecord.parse(payload);
      return { kind, id: endpoint.id, flush, fingerprint: fingerprint((payload as EndpointRecord).endpoint) };
    }
  }
}

const publicationOf = (cluster: string, { kind, id }: RecordKey, payload: unknown): Publication => ({
  subject: subjects.policy(cluster, kind, id),
  payload,
});
