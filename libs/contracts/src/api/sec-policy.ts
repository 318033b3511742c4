/** REST bodies of provisioning: policy versions, what is pending, reverting, dependencies, impact, restoring. */
import { z } from 'zod';
import type { CollectionContracts } from './collection.js';
import { Href, Reference, UpdateType } from './href.js';
import {
  AllowAnswer,
  connectionQuery,
  PolicyCheckAnswer,
  RuleCoverage,
  RuleCoverageAnswer,
  RuleSearch,
  RuleSearchAnswer,
} from './policy-questions.js';
import { Suggest, Suggestion, WhatIfAnswer, WhatIfBody } from './policy-suggestions.js';
import { ExportedNetworkPolicies, NetworkPolicyExport } from './network-policies.js';
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

/** A version, or `draft`, which has no number yet, and nobody's name. */
const PolicyVersionOrDraft = PolicyVersionItem.partial({ version: true, created_at: true, created_by: true });

const pendingObject = z.looseObject({
  href: Href,
  name: Text,
  update_type: UpdateType,
  updated_at: Text,
  updated_by: Reference,
  caps: z.array(Text),
});
/** By type; a type without drafts is left out. */
export const Pending = z.record(Text, z.array(pendingObject));

const byType = <S extends z.ZodType>(schema: S) => z.record(Text, schema);
const MissingDependencies = z.array(
  z.object({ dependency: byType(Reference), required_by: byType(z.array(Reference)) }),
);
const ImpactCounts = z.object({
  num_sets: z.number().int(),
  num_managed_workloads: z.number().int(),
  num_container_workloads: z.number().int(),
  num_unmanaged_workloads: z.number().int(),
  num_virtual_servers: z.number().int(),
  all_workloads_optimization: z.boolean(),
});
const ModifiedObjects = z.array(
  z.object({
    href: Href,
    object_type: Text,
    update_type: UpdateType,
    name: Text,
    updated_at: Text,
    updated_by: Reference,
  }),
);

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
      network_policies: NetworkPolicyExport,
      rule_search: RuleSearch,
      rule_coverage: RuleCoverage,
    },
    parameters: { policy_check: connectionQuery, allow: connectionQuery },
    answers: {
      get: PolicyVersionOrDraft,
      provision: PolicyVersionItem,
      policy_check: PolicyCheckAnswer,
      allow: AllowAnswer,
      rule_search: RuleSearchAnswer,
      rule_coverage: RuleCoverageAnswer,
      pending: Pending,
      dependencies: MissingDependencies,
      impact: ImpactCounts,
      suggest: Suggestion,
      what_if: WhatIfAnswer,
      network_policies: ExportedNetworkPolicies,
      restore: Pending,
      modified_objects: ModifiedObjects,
    },
    item: PolicyVersionItem,
  },
} as const satisfies CollectionContracts;
