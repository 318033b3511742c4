/** Whether what carries labels lies within a scope that somebody was given. What is not known lies nowhere: closed, never open. */
import type { GrantedLabel, LabelId } from '@ringfence/contracts';

/**
 * `carried`: what holds of it, each as the labels that it may be: of a workload one each, of a label group all of its labels.
 * For each type in the scope one of them must be nothing but what is granted.
 */
export function liesWithin(
  scope: readonly GrantedLabel[],
  carried: readonly (readonly LabelId[])[],
  labelsOfGroup: (group: string) => readonly LabelId[],
): boolean {
  const granted = new Map<string, Set<LabelId>>();
  for (const { kind, id, key } of scope) {
    const labels = granted.get(key) ?? new Set();
    granted.set(key, labels);
    for (const label of kind === 'label' ? [id] : labelsOfGroup(id)) labels.add(label);
  }
  return [...granted.values()].every((labels) =>
    carried.some((each) => each.length > 0 && each.every((label) => labels.has(label))),
  );
}
