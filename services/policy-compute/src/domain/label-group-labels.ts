/** The labels that label groups stand for: their own, and those of the groups in them, however deep. */
import type { LabelId } from '@ringfence/contracts';

interface Group {
  readonly labels: readonly LabelId[];
  readonly subGroups: readonly string[];
}

/** A group that is not there has none; one that holds itself is entered once. */
export function labelsOfGroup(id: string, groupOf: (id: string) => Group | null | undefined): LabelId[] {
  const groups = new Set([id]);
  for (const each of groups) for (const sub of groupOf(each)?.subGroups ?? []) groups.add(sub);
  return [...new Set([...groups].flatMap((each) => groupOf(each)?.labels ?? []))];
}
