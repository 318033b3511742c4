/** REST bodies of provisioning: policy versions, what is pending, reverting, dependencies, impact, restoring. */
import { z } from 'zod';
import type { CollectionContracts } from './collection.js';
import { Href, Reference } from './href.js';
import { Suggest, WhatIfBody } from './policy-suggestions.js';
import { PROVISIONABLE_TYPES } from '../policy-objects.js';
import type { ProvisionableType } from '../policy-objects.js';
import { Text } from '../text.js';

const references = z.array(Reference).max(100_000).optional();
/** Which pending objects; the words are the collections'. Types that nothing of ours has may only be named with an empty list. */
export const ChangeSubset = z.strictObject({
  ...(Object.fromEntries(PROVISIONABLE_TYPES.map((type) => [type, references])) as Record<
    ProvisionableType,
    typeof references
  >),
  virtual_servers: references,
  secure_connect_gateways: references,
});
export type ChangeSubset = z.infer<typeof ChangeSubset>;

export const Provision = z.strictObject({
  update_description: Text.max(4096).nullish(),
  change_subset: ChangeSubset.optional(),
});
export type Provision = z.infer<typeof Provision>;

export const Revert = z.strictObject({ change_subset: ChangeSubset.optional() });
export const Impact = z.strictObject({ change_subset: ChangeSubset.optional() });
/** Some clients post the bare list of hrefs, meaning a commit. */
export const Dependencies = z.union([
  z.strictObject({ operation: z.enum(['commit', 'revert']), change_subset: ChangeSubset }),
  z.array(Reference),
]);
export const Restore = z.strictObject({}).nullish();

export const PolicyVersionItem = z.looseObject({
  href: Href,
  version: z.number().int(),
  workloads_affected: z.number().int(),
  commit_message: Text,
  object_counts: z.record(Text, z.number().int()),
  created_at: Text,
  created_by: Reference,
});

/** Without bodies: list and get of versions, `pending`, `revert_pending`, `modified_objects`. */
export const secPolicyCollections = {
  sec_policy: {
    actions: {
      provision: Provision,
      revert: Revert,
      impact: Impact,
      dependencies: Dependencies,
      restore: Restore,
      suggest: Suggest,
      what_if: WhatIfBody,
    },
    item: PolicyVersionItem,
  },
} as const satisfies CollectionContracts;
