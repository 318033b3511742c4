/** The label catalogue of the policy lane, ready for look-ups in both directions. */
import type { LabelCatalogue, LabelId } from '@ringfence/contracts';

export interface CatalogueIndex {
  readonly types: readonly string[];
  /** The type of a label; undefined: there is no such label. */
  keyOf(label: LabelId): string | undefined;
  valueOf(label: LabelId): string | undefined;
  idOf(key: string, value: string): LabelId | undefined;
  readonly labelIds: readonly LabelId[];
}

export function indexCatalogue(catalogue: Pick<LabelCatalogue, 'types' | 'labels'>): CatalogueIndex {
  const byId = new Map(catalogue.labels.map((label) => [label.id, label]));
  const byKey = new Map<string, Map<string, LabelId>>();
  for (const { id, key, value } of catalogue.labels) {
    let values = byKey.get(key);
    if (values === undefined) byKey.set(key, (values = new Map()));
    values.set(value, id);
  }
  return {
    types: catalogue.types,
    keyOf: (label) => byId.get(label)?.key,
    valueOf: (label) => byId.get(label)?.value,
    idOf: (key, value) => byKey.get(key)?.get(value),
    labelIds: [...byId.keys()],
  };
}

export const EMPTY_CATALOGUE: CatalogueIndex = indexCatalogue({ types: [], labels: [] });
