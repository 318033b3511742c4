/** Label groups with the labels of everything that is nested in them. */
import type { LabelGroup, LabelId } from '@ringfence/contracts';
import { sortedIntegerIds } from '@ringfence/labels';
import type { CatalogueIndex } from '@ringfence/labels';

export interface ExpandedGroup {
  readonly key: string;
  readonly labels: readonly LabelId[];
}

/**
 * Only existing labels of the group's own type count; a nested group that is not there adds nothing. A cycle (the door
 * refuses it) adds nothing either: each group is entered once.
 */
export function expandLabelGroups(
  groups: ReadonlyMap<string, LabelGroup>,
  catalogue: Pick<CatalogueIndex, 'keyOf'>,
): Map<string, ExpandedGroup> {
  const expanded = new Map<string, ExpandedGroup>();
  for (const group of groups.values()) {
    const labels = labelsWithin(group, groups).filter((label) => catalogue.keyOf(label) === group.key);
    expanded.set(group.id, { key: group.key, labels: sortedIntegerIds(labels) });
  }
  return expanded;
}

function labelsWithin(group: LabelGroup, groups: ReadonlyMap<string, LabelGroup>): LabelId[] {
  const seen = new Set<LabelGroup>([group]);
  // A Set iterates over what is added while it is walked, so this is the whole closure.
  for (const current of seen) {
    for (const id of current.subGroups) {
      const nested = groups.get(id);
      if (nested !== undefined) seen.add(nested);
    }
  }
  return [...seen].flatMap((current) => current.labels);
}
