/** REST bodies of label groups: named sets of labels of one type, which may nest. */
import { z } from 'zod';
import type { CollectionContracts } from './collection.js';
import { namedQuery, usageQuery } from './filters.js';
import { Description, externalReference, Href, ObjectName, provisionableMeta, Reference } from './href.js';
import { Text } from '../text.js';

const fields = {
  description: Description,
  labels: z.array(Reference).max(10_000).nullish(),
  sub_groups: z.array(Reference).max(1_000).nullish(),
  ...externalReference,
} as const;

export const LabelGroupCreate = z.strictObject({
  name: ObjectName,
  key: Text.min(1).max(64),
  ...fields,
});
export type LabelGroupCreate = z.infer<typeof LabelGroupCreate>;
export const LabelGroupUpdate = z.strictObject({ name: ObjectName.optional(), ...fields });
export type LabelGroupUpdate = z.infer<typeof LabelGroupUpdate>;

export const LabelGroupItem = z.looseObject({
  ...provisionableMeta,
  name: Text,
  description: Text,
  key: Text,
  labels: z.array(z.looseObject({ href: Href, key: Text, value: Text })),
  sub_groups: z.array(z.looseObject({ href: Href, name: Text })),
});

export const labelGroupCollections = {
  label_groups: {
    create: LabelGroupCreate,
    update: LabelGroupUpdate,
    answers: {
      member_of: z.array(z.object({ href: Href, name: Text })),
      all_labels: z.array(z.object({ href: Href, key: Text, value: Text })),
    },
    item: LabelGroupItem,
    query: { ...namedQuery, ...usageQuery, key: Text.describe('the type of its labels, as a whole') },
  },
} as const satisfies CollectionContracts;
