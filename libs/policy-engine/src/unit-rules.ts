/** A unit with the rules of the lists that it names. */
import type { RuleList, RuleListId, Unit, UnitOfLists } from '@ringfence/contracts';

export interface RuleListLookup {
  get(id: RuleListId): RuleList | undefined;
}

/** One list's arrays are taken as they are, so that whoever names it shares them. A list that nobody has told says nothing. */
export function unitWithRules({ labelSet, mode, lists }: UnitOfLists, known: RuleListLookup): Unit {
  const [first, ...rest] = lists.flatMap((id) => known.get(id) ?? []);
  if (first === undefined) return { labelSet, mode, ingress: [], egress: [] };
  if (rest.length === 0) return { labelSet, mode, ingress: first.ingress, egress: first.egress };
  return {
    ...{ labelSet, mode },
    ingress: [first, ...rest].flatMap(({ ingress }) => ingress),
    egress: [first, ...rest].flatMap(({ egress }) => egress),
  };
}
