/** The policy of one cluster as it stands after the flushes so far; the records that its clas-cache should hold. */
import type {
  Endpoint,
  Group,
  GroupId,
  LabelSetId,
  RuleList,
  RuleListId,
  Unit,
  UnitOfLists,
} from '@ringfence/contracts';
import { unitWithRules } from '@ringfence/policy-engine';
import type { ClusterChanges } from './policy-feed.calculator.js';

/** What is referred to comes first. */
export const RECORD_KINDS = ['group', 'endpoint', 'list', 'unit'] as const;
export type RecordKind = (typeof RECORD_KINDS)[number];
type PolicyRecord = UnitOfLists | RuleList | Group | Endpoint;
export interface RecordKey {
  readonly kind: RecordKind;
  readonly id: string;
}

export class StandingPolicy {
  readonly units = new Map<LabelSetId, UnitOfLists>();
  readonly lists = new Map<RuleListId, RuleList>();
  readonly groups = new Map<GroupId, Group>();
  readonly endpoints = new Map<string, Endpoint>();

  /** The records that are now others than before. */
  apply(changes: ClusterChanges): RecordKey[] {
    const touched: RecordKey[] = [];
    const touch = (kind: RecordKind, ids: readonly string[]): void => {
      for (const id of ids) touched.push({ kind, id });
    };
    for (const group of changes.groups.upsert) this.groups.set(group.id, group);
    for (const endpoint of changes.endpoints.upsert) this.endpoints.set(endpoint.id, endpoint);
    for (const list of changes.lists.upsert) this.lists.set(list.id, list);
    for (const unit of changes.units.upsert) this.units.set(unit.labelSet.id, unit);
    for (const kind of RECORD_KINDS) for (const id of changes[`${kind}s`].remove) this.of(kind).delete(id);
    touch('group', [...changes.groups.upsert.map((group) => group.id), ...changes.groups.remove]);
    touch('endpoint', [
      ...changes.endpoints.upsert.map((endpoint) => endpoint.id),
      ...changes.endpoints.remove,
    ]);
    touch('list', [...changes.lists.upsert.map((list) => list.id), ...changes.lists.remove]);
    touch('unit', [...changes.units.upsert.map((unit) => unit.labelSet.id), ...changes.units.remove]);
    return touched;
  }

  /** As it stands now, whatever is applied to this one later. */
  copy(): StandingPolicy {
    const copy = new StandingPolicy();
    for (const kind of RECORD_KINDS) for (const [id, record] of this.of(kind)) copy.of(kind).set(id, record);
    return copy;
  }

  /** With its rules at hand. */
  unit(labelSet: LabelSetId): Unit | undefined {
    const unit = this.units.get(labelSet);
    return unit && unitWithRules(unit, this.lists);
  }

  record({ kind, id }: RecordKey): PolicyRecord | undefined {
    return this.of(kind).get(id);
  }

  keys(): RecordKey[] {
    return RECORD_KINDS.flatMap((kind) => [...this.of(kind).keys()].map((id) => ({ kind, id })));
  }

  counts(): Record<RecordKind, number> {
    const { units, lists, groups, endpoints } = this;
    return { unit: units.size, list: lists.size, group: groups.size, endpoint: endpoints.size };
  }

  private of(kind: RecordKind): Map<string, PolicyRecord> {
    const { units: unit, lists: list, groups: group, endpoints: endpoint } = this;
    return { unit, list, group, endpoint }[kind] as Map<string, PolicyRecord>;
  }
}
