/** The policy of one cluster as it stands after the flushes so far; the records that its clas-cache should hold. */
import type { Endpoint, Group, GroupId, LabelSetId, Unit } from '@ringfence/contracts';
import type { ClusterChanges } from './policy-feed.calculator.js';

export const RECORD_KINDS = ['group', 'endpoint', 'unit'] as const;
export type RecordKind = (typeof RECORD_KINDS)[number];
export interface RecordKey {
  readonly kind: RecordKind;
  readonly id: string;
}

export class StandingPolicy {
  readonly units = new Map<LabelSetId, Unit>();
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
    for (const unit of changes.units.upsert) this.units.set(unit.labelSet.id, unit);
    for (const kind of RECORD_KINDS) for (const id of changes[`${kind}s`].remove) this.#of(kind).delete(id);
    touch('group', [...changes.groups.upsert.map((group) => group.id), ...changes.groups.remove]);
    touch('endpoint', [
      ...changes.endpoints.upsert.map((endpoint) => endpoint.id),
      ...changes.endpoints.remove,
    ]);
    touch('unit', [...changes.units.upsert.map((unit) => unit.labelSet.id), ...changes.units.remove]);
    return touched;
  }

  record({ kind, id }: RecordKey): Unit | Group | Endpoint | undefined {
    return this.#of(kind).get(id);
  }

  keys(): RecordKey[] {
    return RECORD_KINDS.flatMap((kind) => [...this.#of(kind).keys()].map((id) => ({ kind, id })));
  }

  counts(): { unit: number; group: number; endpoint: number } {
    return { unit: this.units.size, group: this.groups.size, endpoint: this.endpoints.size };
  }

  #of(kind: RecordKind): Map<string, Unit | Group | Endpoint> {
    return { unit: this.units, group: this.groups, endpoint: this.endpoints }[kind] as Map<
      string,
      Unit | Group | Endpoint
    >;
  }
}
