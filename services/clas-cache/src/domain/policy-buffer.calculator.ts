/**
 * The control plane's policy, version by version. Records come one by one and count only when a commit closes them and as
 * many are there as it counted, so that no half of a version is ever enforced; removals wait for it too.
 *
 * Numbers of flushes only rise, so that a lower one is of a writer that lost its turn and does not know it yet: nobody hears it.
 *
 * Who begins anew, after a restart or on a stream that was made anew, gets every current record: what was in force before
 * stays so until a version is whole, and what does not belong to that one is gone then. A reader that begins in the middle of
 * a flush meets the commit before it without the records that were overwritten since: that one is not whole, the next one is.
 */
import { NO_FACTS } from '@ringfence/contracts';
import type {
  CommitRecord,
  Endpoint,
  FactPositions,
  Group,
  GroupId,
  LabelSetId,
  RuleList,
  Unit,
  UnitOfLists,
} from '@ringfence/contracts';
import { unitWithRules } from '@ringfence/policy-engine';

interface RecordOf {
  unit: UnitOfLists;
  list: RuleList;
  group: Group;
  endpoint: Endpoint;
}
export type RecordKind = keyof RecordOf;

export interface CommittedPolicy {
  readonly flush: number;
  readonly policyVersion: number;
  readonly facts: FactPositions;
  /** With their rules: of a list that changed, everybody who names it. */
  readonly units: { readonly upsert: Unit[]; readonly remove: LabelSetId[] };
  readonly groups: { readonly upsert: Group[]; readonly remove: GroupId[] };
  readonly endpoints: { readonly upsert: Endpoint[]; readonly remove: string[] };
}

const idOf = {
  unit: (unit: UnitOfLists): string => unit.labelSet.id,
  list: (list: RuleList): string => list.id,
  group: (group: Group): string => group.id,
  endpoint: (endpoint: Endpoint): string => endpoint.id,
};

const KINDS = Object.keys(idOf) as RecordKind[];

/** Records of one kind. `token` is the last part of a record's subject: a removal has nothing else. */
class Shelf<K extends RecordKind> {
  private readonly pending = new Map<string, RecordOf[K] | null>();
  private readonly byToken = new Map<string, RecordOf[K]>();
  /** Told, and not to be read here: the last one that could be read stays. */
  private readonly leftOut = new Set<string>();
  private unconfirmed: Set<string>;
  /** Of so many a record was told. */
  private toldCount = 0;

  constructor(
    private readonly kind: K,
    restored: ReadonlyMap<string, RecordOf[K]>,
  ) {
    for (const [token, record] of restored) this.byToken.set(token, record);
    this.unconfirmed = new Set(this.byToken.keys());
  }

  get waiting(): number {
    return this.pending.size;
  }

  get live(): ReadonlyMap<string, RecordOf[K]> {
    return this.byToken;
  }

  get told(): number {
    return this.toldCount;
  }

  get unreadable(): string[] {
    return [...this.leftOut];
  }

  /** Nothing was told, or was told once, that the next commit would have to settle. */
  get isSettled(): boolean {
    return this.pending.size === 0 && this.unconfirmed.size === 0;
  }

  set(token: string, record: RecordOf[K] | null): void {
    this.toldCount += Number(record !== null) - Number(this.isTold(token));
    this.pending.set(token, record);
    this.leftOut.delete(token);
    this.unconfirmed.delete(token);
  }

  leaveOut(token: string): void {
    this.toldCount += 1 - Number(this.isTold(token));
    this.leftOut.add(token);
    this.unconfirmed.delete(token);
  }

  /** From before a restart, as it was told: nothing of it is to be told again. */
  goOn(leftOut: Iterable<string>): void {
    for (const token of leftOut) this.leftOut.add(token);
    this.unconfirmed.clear();
    this.toldCount = new Set([...this.byToken.keys(), ...this.leftOut]).size;
  }

  beginAnew(): void {
    this.pending.clear();
    this.leftOut.clear();
    this.unconfirmed = new Set(this.byToken.keys());
    this.toldCount = 0;
  }

  take(): { upsert: RecordOf[K][]; remove: string[] } {
    const changes = { upsert: [] as RecordOf[K][], remove: [] as string[] };
    for (const token of this.unconfirmed) this.pending.set(token, null);
    this.unconfirmed = new Set();
    for (const [token, record] of this.pending) {
      const known = this.byToken.get(token);
      if (record !== null) {
        changes.upsert.push(record);
        this.byToken.set(token, record);
      } else if (known !== undefined) {
        changes.remove.push(this.id(known));
        this.byToken.delete(token);
      }
    }
    this.pending.clear();
    return changes;
  }

  private isTold(token: string): boolean {
    if (this.leftOut.has(token)) return true;
    const pending = this.pending.get(token);
    if (pending !== undefined) return pending !== null;
    return this.byToken.has(token) && !this.unconfirmed.has(token);
  }

  private id(record: RecordOf[K]): string {
    return (idOf[this.kind] as (record: RecordOf[K]) => string)(record);
  }
}

/** Tokens of what was told in a form that is not known here. */
export type UnreadableRecords = { readonly [K in RecordKind]: readonly string[] };
export type RestoredRecords = { readonly [K in RecordKind]: ReadonlyMap<string, RecordOf[K]> };
export const NOTHING_RESTORED: RestoredRecords = {
  unit: new Map(),
  list: new Map(),
  group: new Map(),
  endpoint: new Map(),
};

export class PolicyBuffer {
  private readonly shelves: { [K in RecordKind]: Shelf<K> };
  private newestFlush = 0;
  private openCommit: CommitRecord | null = null;

  constructor(restored: RestoredRecords = NOTHING_RESTORED) {
    this.shelves = {
      unit: new Shelf('unit', restored.unit),
      list: new Shelf('list', restored.list),
      group: new Shelf('group', restored.group),
      endpoint: new Shelf('endpoint', restored.endpoint),
    };
  }

  set<K extends RecordKind>(
    kind: K,
    token: string,
    flush: number,
    record: RecordOf[K],
  ): CommittedPolicy | null {
    if (flush < this.newestFlush) return null;
    this.newestFlush = flush;
    (this.shelves[kind] as Shelf<K>).set(token, record);
    return this.apply();
  }

  remove(kind: RecordKind, token: string): void {
    this.shelves[kind].set(token, null);
  }

  /** Of a form that is not known here: it counts, or nothing of its version would ever be in force. */
  leaveOut(kind: RecordKind, token: string): void {
    this.shelves[kind].leaveOut(token);
  }

  /** As before a restart, with what could not be read then. */
  goOn(unreadable: UnreadableRecords): void {
    for (const kind of KINDS) this.shelves[kind].goOn(unreadable[kind]);
  }

  /** Everything is told again, under numbers that may have been used before. */
  beginAnew(): void {
    for (const shelf of Object.values(this.shelves)) shelf.beginAnew();
    this.newestFlush = 0;
    this.openCommit = null;
  }

  /** Also the answer to a record that comes after the commit that already closes it. */
  commit(commit: CommitRecord): CommittedPolicy | null {
    if (commit.flush < this.newestFlush) return null;
    this.openCommit = commit;
    return this.apply();
  }

  /** What is in force, by token. */
  get live(): RestoredRecords {
    const { unit, list, group, endpoint } = this.shelves;
    return { unit: unit.live, list: list.live, group: group.live, endpoint: endpoint.live };
  }

  get unreadable(): UnreadableRecords {
    const { unit, list, group, endpoint } = this.shelves;
    return {
      ...{ unit: unit.unreadable, list: list.unreadable },
      ...{ group: group.unreadable, endpoint: endpoint.unreadable },
    };
  }

  /** What is in force is all that was told. */
  get isSettled(): boolean {
    return this.openCommit === null && Object.values(this.shelves).every((shelf) => shelf.isSettled);
  }

  /** Those in force, with their rules. */
  units(): Unit[] {
    return [...this.shelves.unit.live.values()].map((unit) => this.withRules(unit));
  }

  /** Of a version that its commit has closed, and that is not whole, in words; null: there is none. */
  get lacking(): string | null {
    const commit = this.openCommit;
    if (commit === null || this.isWhole(commit)) return null;
    const parts = KINDS.map((kind) => `${this.shelves[kind].told} of ${commit.counts[kind]} ${kind}s`);
    return `flush ${commit.flush} is not whole: ${parts.join(', ')}`;
  }

  /** Records that wait for their commit. */
  get waiting(): number {
    return Object.values(this.shelves).reduce((sum, shelf) => sum + shelf.waiting, 0);
  }

  private apply(): CommittedPolicy | null {
    const commit = this.openCommit;
    if (commit === null || commit.flush < this.newestFlush || !this.isWhole(commit)) return null;
    this.openCommit = null;
    const { group, endpoint } = this.shelves;
    const changes = { units: this.takeUnits(), groups: group.take(), endpoints: endpoint.take() };
    const { flush, policyVersion, facts = NO_FACTS } = commit;
    return { flush, policyVersion, facts, ...changes };
  }

  private isWhole({ counts }: CommitRecord): boolean {
    return KINDS.every((kind) => this.shelves[kind].told === counts[kind]);
  }

  private takeUnits(): CommittedPolicy['units'] {
    const { unit, list } = this.shelves;
    const lists = list.take();
    const { upsert, remove } = unit.take();
    const changed = new Set([...lists.upsert.map(({ id }) => id), ...lists.remove]);
    const concerned = new Set(upsert);
    if (changed.size > 0)
      for (const one of unit.live.values()) if (one.lists.some((id) => changed.has(id))) concerned.add(one);
    return { upsert: [...concerned].map((one) => this.withRules(one)), remove };
  }

  /** The id of a list is the token of its subject, too. */
  private withRules(unit: UnitOfLists): Unit {
    return unitWithRules(unit, this.shelves.list.live);
  }
}
