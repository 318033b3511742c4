/**
 * The two REST views of a profile's label settings. `labels` says all of it; `assign_labels` only what is assigned. A
 * body with `labels` replaces everything; one with `assign_labels` alone replaces the assignments and keeps the rest.
 */
import type { LabelAssignment, ProfileLabelRule } from '@ringfence/contracts';
import { idOfHref, orgHref } from '@ringfence/resources';

export type Assignments = Readonly<Record<string, LabelAssignment>>;
export interface LabelsInBody {
  readonly labels?: readonly ProfileLabelRule[] | undefined;
  readonly assign_labels?: readonly { readonly href: string }[] | undefined;
}
export interface NamedLabel {
  readonly key: string;
  readonly value: string;
}

const idOf = (href: string): string => idOfHref(href, 'labels');

export function labelIdsIn(body: LabelsInBody): string[] {
  const rules = (body.labels ?? []).flatMap((rule) => [
    rule.assignment?.href,
    ...(rule.restriction ?? []).map((each) => each.href),
  ]);
  return [
    ...rules.filter((href) => href !== undefined),
    ...(body.assign_labels ?? []).map((each) => each.href),
  ].map(idOf);
}

/** Undefined: the body says nothing about labels. */
export function assignmentsOf(
  body: LabelsInBody,
  current: Assignments,
  keyOf: Readonly<Record<string, string>>,
): Assignments | undefined {
  if (body.labels !== undefined) return Object.fromEntries(body.labels.flatMap(ruleEntry));
  if (body.assign_labels === undefined) return undefined;
  const kept = Object.entries(current).filter(([, assignment]) => assignment.how !== 'fixed');
  const fixed = body.assign_labels.map(({ href }): [string, LabelAssignment] => {
    const label = idOf(href);
    // A label that does not exist has no type; the decider refuses it by its id.
    return [keyOf[label] ?? Object.keys(keyOf)[0] ?? 'role', { how: 'fixed', label }];
  });
  return Object.fromEntries([...kept, ...fixed]);
}

/** Some programs cannot leave the assignment out, and send it empty beside what they allow: that is no "none at all". */
function ruleEntry({ key, assignment, restriction = [] }: ProfileLabelRule): [string, LabelAssignment][] {
  if (assignment?.href !== undefined) return [[key, { how: 'fixed', label: idOf(assignment.href) }]];
  if (restriction.length > 0)
    return [[key, { how: 'restricted', labels: restriction.map((each) => idOf(each.href)) }]];
  return assignment === undefined ? [] : [[key, { how: 'none' }]];
}

export function showLabels(
  assignments: Assignments,
  names: ReadonlyMap<string, NamedLabel>,
): Record<string, unknown>[] {
  const valued = (id: string): Record<string, unknown> => ({
    href: orgHref(`labels/${id}`),
    value: names.get(id)?.value ?? '',
  });
  return Object.entries(assignments).flatMap(([key, assignment]): Record<string, unknown>[] => {
    switch (assignment.how) {
      case 'none':
        return [{ key, assignment: {} }];
      case 'fixed':
        return [{ key, assignment: valued(assignment.label) }];
      case 'restricted':
        return [{ key, restriction: assignment.labels.map(valued) }];
      case 'any':
        return [];
    }
  });
}

export const showAssigned = (assignments: Assignments): Record<string, unknown>[] =>
  Object.values(assignments).flatMap((each) =>
    each.how === 'fixed' ? [{ href: orgHref(`labels/${each.label}`) }] : [],
  );
