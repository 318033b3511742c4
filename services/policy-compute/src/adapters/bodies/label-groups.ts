/** Label groups: bodies ⇄ domain. */
import { LabelGroupCreate, LabelGroupUpdate } from '@ringfence/contracts';
import type { PolicyObject, Touched } from '../../domain/policy-object.js';
import { idOf, objectHref } from '../hrefs.js';
import { showLabel } from './rule-sides.js';
import { EXTERNAL_REFERENCE, externalReferenceOf, extrasOf, metaOf, named } from './view.js';
import type { Body, View } from './view.js';

export function labelGroupFrom(
  given: unknown,
  before: PolicyObject<'label_groups'> | null,
  id: string,
): PolicyObject<'label_groups'> {
  const body: LabelGroupUpdate & { readonly key?: string } =
    before === null ? LabelGroupCreate.parse(given) : LabelGroupUpdate.parse(given);
  const { extras: kept, ...base } = before ?? {
    id,
    name: '',
    description: '',
    key: body.key ?? '',
    labels: [],
    subGroups: [],
  };
  return {
    ...base,
    ...(body.name !== undefined && { name: body.name }),
    ...(body.description !== undefined && { description: body.description ?? '' }),
    ...(body.labels && { labels: body.labels.map(({ href }) => idOf(href, 'labels', 'labels')) }),
    ...(body.sub_groups && {
      subGroups: body.sub_groups.map(({ href }) => idOf(href, 'label_groups', 'sub_groups')),
    }),
    ...extrasOf(body, EXTERNAL_REFERENCE, kept),
  };
}

export function showLabelGroup(object: PolicyObject<'label_groups'>, view: View, touched: Touched): Body {
  return {
    name: object.name,
    description: object.description,
    key: object.key,
    labels: object.labels.map((id) => showLabel(id, view)),
    sub_groups: object.subGroups.map((id) => showSubGroup(id, view)),
    ...externalReferenceOf(object.extras),
    caps: ['write', 'provision', 'delete'],
    ...metaOf(touched),
  };
}

const showSubGroup = (id: string, view: View): Body => ({
  href: objectHref({ type: 'label_groups', id }, view.pversion),
  name: named(view, 'label_groups', id)?.name ?? '',
});

/** The groups that hold this one directly. */
export function groupsAbove(id: string, view: View): Body[] {
  return [...view.book.objects.label_groups.keys()]
    .filter((other) => named(view, 'label_groups', other)?.subGroups.includes(id))
    .map((other) => showSubGroup(other, view));
}

/** Its labels and those of the groups in it, however deep. */
export function labelsWithin(id: string, view: View): Body[] {
  const groups = new Set([id]);
  for (const each of groups)
    for (const sub of named(view, 'label_groups', each)?.subGroups ?? []) groups.add(sub);
  const labels = [...groups].flatMap((each) => named(view, 'label_groups', each)?.labels ?? []);
  return [...new Set(labels)].map((label) => showLabel(label, view));
}
