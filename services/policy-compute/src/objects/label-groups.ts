/** Label groups: named sets of labels of one type, which may nest. */
import type { LabelGroupUpdate } from '@ringfence/contracts';
import { groupsOf, nestingProblem } from '../domain/label-group-cycle.js';
import { labelsOfGroup } from '../domain/label-group-labels.js';
import { entryOf } from '../domain/policy-book.js';
import type { PolicyObject } from '../domain/policy-object.js';
import type { ObjectReference } from '../domain/references.js';
import { idOf, memberHref } from './hrefs.js';
import { invalid, unique } from './invalid.js';
import type { ObjectKind } from './object-kind.js';
import { showLabel } from './sides.js';
import { EXTERNAL_REFERENCE, externalReferenceOf, named } from './view.js';
import type { Body, View } from './view.js';

export const labelGroups: ObjectKind<'label_groups'> = {
  noun: 'label group',
  ids: 'uuid',
  nameTaken: 'name-must-be-unique',
  referenced: 'label-group-referenced',
  labelInUse: 'label_referenced_by_label_group',
  seeds: [],

  empty: (id) => ({ id, name: '', description: '', key: '', labels: [], subGroups: [] }),
  extras: EXTERNAL_REFERENCE,
  read: (body: LabelGroupUpdate & { readonly key?: string }) => ({
    // Only a new group is told its type.
    ...(body.key !== undefined && { key: body.key }),
    ...(body.labels && { labels: body.labels.map(({ href }) => idOf(href, 'labels', 'labels')) }),
    ...(body.sub_groups && {
      subGroups: body.sub_groups.map(({ href }) => idOf(href, 'label_groups', 'sub_groups')),
    }),
  }),
  show: ({ object }, view) => ({
    name: object.name,
    description: object.description,
    key: object.key,
    labels: object.labels.map((id) => showLabel(id, view)),
    sub_groups: object.subGroups.map((id) => showSubGroup(id, view)),
    ...externalReferenceOf(object.extras),
  }),
  nested: { member_of: groupsAbove, all_labels: (id, view) => labelsWithin(id, view) },
  filters: { key: ({ key }, wanted) => key === wanted },

  normalise: (group) => ({ ...group, labels: unique(group.labels), subGroups: unique(group.subGroups) }),
  references: membersOf,
  uses: (group) => ({ label_group: membersOf(group) }),
  /** Members have the group's type, and no group holds itself. */
  problem: (object, { book, known }) => {
    const keyOf = (id: string): string | undefined => entryOf(book, 'label_groups', id)?.draft?.key;
    const stranger =
      object.labels.find((id) => (known.labelKey(id) ?? object.key) !== object.key) ??
      object.subGroups.find((id) => (keyOf(id) ?? object.key) !== object.key);
    if (stranger !== undefined)
      return invalid(`labels, sub_groups: ${stranger} is not of the group's type "${object.key}"`);
    return nestingProblem(groupsOf(book, ({ draft }) => draft).set(object.id, object));
  },
};

function membersOf({ labels, subGroups }: PolicyObject<'label_groups'>): ObjectReference[] {
  return [
    ...labels.map((id) => ({ kind: 'labels' as const, id })),
    ...subGroups.map((id) => ({ kind: 'label_groups' as const, id })),
  ];
}

const showSubGroup = (id: string, view: View): Body => ({
  href: memberHref({ type: 'label_groups', id }, view.pversion),
  name: named(view, 'label_groups', id)?.name ?? '',
});

/** The groups that hold this one directly. */
function groupsAbove(id: string, view: View): Body[] {
  return [...view.book.objects.label_groups.keys()]
    .filter((other) => named(view, 'label_groups', other)?.subGroups.includes(id))
    .map((other) => showSubGroup(other, view));
}

const labelsWithin = (id: string, view: View): Body[] =>
  labelsOfGroup(id, (each) => named(view, 'label_groups', each)).map((label) => showLabel(label, view));
