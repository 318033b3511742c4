/** Rules in iptables' own words, as rule sets carry them. */
import { z } from 'zod';
import { Text } from '../text.js';
import { Description, Href, objectMeta, Reference, UpdateType } from './href.js';

const ActorBody = z
  .strictObject({
    actors: z.literal('ams').optional(),
    label: Reference.optional(),
    label_group: Reference.optional(),
    workload: Reference.optional(),
  })
  .refine((actor) => Object.values(actor).filter((subject) => subject !== undefined).length === 1, {
    message: 'must name exactly one of actors, label, label_group, workload',
  });

const StatementBody = z.strictObject({
  table_name: z.enum(['nat', 'mangle', 'filter']),
  chain_name: z.enum(['PREROUTING', 'INPUT', 'OUTPUT', 'FORWARD', 'POSTROUTING']),
  parameters: Text.min(1).max(1_024),
});

/** An entry with an `href` is that rule, one without is new. */
export const IptablesRuleBody = z.strictObject({
  href: Href.optional(),
  enabled: z.boolean().optional(),
  description: Description,
  ip_version: z.enum(['4', '6']).optional(),
  actors: z.array(ActorBody).min(1).max(1_000).optional(),
  statements: z.array(StatementBody).min(1).max(1_000).optional(),
  update_type: UpdateType.nullish(),
});
export type IptablesRuleBody = z.infer<typeof IptablesRuleBody>;

export const IptablesRuleItem = z.looseObject({
  href: Href,
  ...objectMeta,
  update_type: UpdateType.nullish(),
  enabled: z.boolean(),
  description: Text,
  ip_version: Text,
  actors: z.array(z.looseObject({})),
  statements: z.array(z.looseObject({ table_name: Text, chain_name: Text, parameters: Text })),
  not_enforced: Text,
});
