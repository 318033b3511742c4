/**
 * The cluster's label map: Kubernetes labels → label types. Several entries for one type stand in the order of their list: the first
 * that says something counts. With values listed only these are mapped, each to its own.
 */
import type { MappedLabel } from '@ringfence/contracts';

export interface LabelMapEntry {
  readonly fromKey: string;
  /** Label type. */
  readonly toKey: string;
  readonly allowCreate: boolean;
  /** null: values are taken as they are. */
  readonly values: ReadonlyMap<string, string> | null;
}
export type LabelMap = readonly LabelMapEntry[];

/** `valueOf`: what the Kubernetes label says, if there is one. One for each type at most, in the map's order. */
export function mapLabels(map: LabelMap, valueOf: (fromKey: string) => string | undefined): MappedLabel[] {
  const mapped = new Map<string, MappedLabel>();
  for (const { fromKey: from, toKey: key, allowCreate, values } of map) {
    if (mapped.has(key)) continue;
    const said = valueOf(from) ?? '';
    const value = values === null ? said : (values.get(said) ?? '');
    if (value !== '') mapped.set(key, { key, value, from, allowCreate });
  }
  return [...mapped.values()];
}
