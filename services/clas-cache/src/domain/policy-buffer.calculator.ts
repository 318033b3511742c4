/**
 * The control plane's policy, version by version. Records come one by one and count only when a commit closes them, so
 * that no half of a version is ever enforced; removals wait for it too.
 *
 * A reader that begins anew gets every current record before the commit: what was kept from before a restart and does
 * not come again is gone.
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
  /** Whether there are now as many records as the commit counted. */
  readonly isComplete: boolean;
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
  private unconfirmed: Set<string>;

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

  get count(): number {
    return this.byToken.size;
  }

  set(token: string, record: RecordOf[K] | null): void {
    this.pending.set(token, record);
    this.unconfirmed.delete(token);
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

  private id(record: RecordOf[K]): string {
    return (idOf[this.kind] as (record: RecordOf[K]) => string)(record);
  }
}

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
    this.newestFlush = Math.max(this.newestFlush, flush);
    (this.shelves[kind] as Shelf<K>).set(token, record);
    return this.apply();
  }

  remove(kind: RecordKind, token: string): void {
    this.shelves[kind].set(token, null);
  }

  /** Also the answer to a record that comes after the commit that already closes it. */
  commit(commit: CommitRecord): CommittedPolicy | null {
    this.openCommit = commit;
    return this.apply();
  }

  /** What is in force, by token. */
  get live(): RestoredRecords {
    const { unit, list, group, endpoint } = this.shelves;
    return { unit: unit.live, list: list.live, group: group.live, endpoint: endpoint.live };
  }

  /** Those in force, with their rules. */
  units(): Unit[] {
    return [...this.shelves.unit.live.values()].map((unit) => this.withRules(unit));
  }

  /** Records that wait for their commit. */
  get waiting(): number {
    return Object.values(this.shelves).reduce((sum, shelf) => sum + shelf.waiting, 0);
  }

  private apply(): CommittedPolicy | null {
    const commit = this.openCommit;
    if (commit === null || commit.flush < this.newestFlush) return null;
    this.openCommit = null;
    const { group, endpoint } = this.shelves;
    const changes = { units: this.takeUnits(), groups: group.take(), endpoints: endpoint.take() };
    const { counts, flush, policyVersion, facts = NO_FACTS } = commit;
    const isComplete = KINDS.every((kind) => this.shelves[kind].count === counts[kind]);
    return { flush, policyVersion, facts, ...changes, isComplete };
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
