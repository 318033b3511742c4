/** REST bodies that judge what was seen: policy suggested from it, with the reasons, and what it would meet under other policy. */
import { z } from 'zod';
import { EnforcementMode, Verdict } from '../network.js';
import { Text } from '../text.js';
import { Href } from './href.js';
import { FlowEdge, FlowEdges, StoredFlowsChoice } from './traffic-flows.js';

/** `port`: role to role, on the ports seen. `role`: on all. `app`: everyone of an application to everyone, on all. */
export const Tightness = z.enum(['app', 'role', 'port']);
export type Tightness = z.infer<typeof Tightness>;

export const Suggest = z.strictObject({ edges: FlowEdges, tightness: Tightness.default('port') });
export type Suggest = z.infer<typeof Suggest>;

/** A draft rule set may be created with it as it stands; labels and workloads are named for people, too. */
export const SuggestedRuleSet = z.looseObject({
  name: Text,
  scopes: z.array(z.array(z.looseObject({}))),
  rules: z.array(z.looseObject({})),
});
const evidence = z.object({
  /** Which rule of which rule set, counted from 0. */
  rule_set: z.number().int(),
  rule: z.number().int(),
  num_connections: z.number().int(),
  last_detected: Text,
  /** `from → to port/protocol`, the busiest first. */
  seen: z.array(Text),
  seen_count: z.number().int(),
  /** Pairs of workloads that the rule connects and how many of them were never seen, some by name. */
  pairs: z.number().int(),
  unseen_pairs: z.number().int(),
  unseen: z.array(Text),
});
export const Suggestion = z.object({
  tightness: Tightness,
  rule_sets: z.array(SuggestedRuleSet),
  evidence: z.array(evidence),
  /** Edges by what becomes of them; together all that were given. */
  coverage: z.object({
    essential: z.number().int(),
    unmanaged: z.number().int(),
    existing: z.number().int(),
    suggested: z.number().int(),
    blocked: z.number().int(),
  }),
  /** What full enforcement would block still, the busiest first. */
  blocked: z.array(FlowEdge.extend({ reason: Text })),
});
export type Suggestion = z.infer<typeof Suggestion>;

/** `namespace` (of every cluster) or `node`: as if it were enforced so. */
const modeWish = z
  .strictObject({
    namespace: Text.min(1).max(253).optional(),
    node: Text.min(1).max(253).optional(),
    enforcement_mode: EnforcementMode,
  })
  .refine((wish) => (wish.namespace === undefined) !== (wish.node === undefined), {
    message: 'name exactly one of namespace, node',
  });
/**
 * An object, or a label, as the body of its creation or change would make it. One that is not there yet has an href of the asker's
 * choosing, by which later ones may name it. Without a body it is deleted.
 */
const supposedChange = z.strictObject({ href: Href, body: z.looseObject({}).nullable() });
/**
 * The policy of the path instead of that in force; with `modes`, and what was seen to be judged again. With `changes`: as if these, in
 * their order, were drafted and they alone were provisioned.
 */
export const WhatIfBody = z
  .strictObject({
    edges: FlowEdges.default([]),
    /** Instead of edges: all that is stored of this time. */
    flows: StoredFlowsChoice.optional(),
    modes: z.array(modeWish).max(100).default([]),
    changes: z.array(supposedChange).max(10_000).optional(),
  })
  .refine(({ edges, flows }) => edges.length === 0 || flows === undefined, {
    message: 'give edges, or say which stored flows, not both',
  });
export type WhatIfBody = z.infer<typeof WhatIfBody>;

const changedPairs = z.object({ count: z.number().int(), some: z.array(Text) });
/** Stored flows, each counted once for each day and version of policy that it was seen in. */
const countedFlows = z.object({ flows: z.number().int(), num_connections: z.number().int() });
const judgedFlows = z.object({
  start_date: Text,
  end_date: Text,
  /** Of that time, and so chosen. */
  stored: z.number().int(),
  /** Without those left out. Of most it is known unseen: the change concerns neither end. */
  judged: z.number().int(),
  changed: countedFlows,
  /** By what was seen of them then, what becomes of them under the policy in force, and what would. */
  by: z.array(countedFlows.extend({ recorded: Verdict, before: Verdict, after: Verdict })),
  left_out: z.object({
    /** Let through whatever people write. */
    essential: z.number().int(),
    /** One of their ends is not there any more. */
    gone: z.number().int(),
    /** Beyond what is looked at: ends seen longest ago, and the least busy of many kinds of calls. */
    beyond: z.number().int(),
  }),
});
export const WhatIfAnswer = z.object({
  /** Whose verdict would be another one, the busiest first. Of stored flows at most 100, each for all that are alike by their ends' labels, the port and what was seen. */
  flips: z.array(
    FlowEdge.extend({ before: Verdict, after: Verdict, reason: Text, flows: z.number().int().optional() }),
  ),
  flows: judgedFlows.optional(),
  /** Pairs of workloads and a port, `from → to port/protocol`, that could talk, or could not any more, in full enforcement. */
  gained: changedPairs,
  lost: changedPairs,
  /** More pairs than were looked at. */
  is_cut: z.boolean(),
  workloads_affected: z.number().int(),
  /** What the answer is without, for people. */
  notes: z.array(Text),
});
export type WhatIfAnswer = z.infer<typeof WhatIfAnswer>;
