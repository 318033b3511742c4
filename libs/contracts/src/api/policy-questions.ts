/** REST bodies that ask which rules there are: searched by what they name, or for connections. */
import { z } from 'zod';
import { Port, Protocol } from '../network.js';
import { Text } from '../text.js';
import { Href, Reference, UpdateType } from './href.js';
import { IngressServices } from './rule-actors.js';

const Entity = {
  workload: Reference.optional(),
  container_workload: Reference.optional(),
  kubernetes_workload: Reference.optional(),
} as const;

/** One of them; labels: whoever has all of these; an IP list: all of its addresses. */
export const CoverageEnd = z
  .strictObject({
    ...Entity,
    ip_list: Reference.optional(),
    labels: z.array(Reference).max(50).optional(),
    actors: z.enum(['ams', 'all']).optional(),
  })
  .refine((end) => Object.values(end).filter((each) => each !== undefined).length === 1, {
    message:
      'must name exactly one of workload, container_workload, kubernetes_workload, ip_list, labels, actors',
  });
export type CoverageEnd = z.infer<typeof CoverageEnd>;

export const RuleCoverage = z
  .array(
    z.looseObject({
      source: CoverageEnd,
      destination: CoverageEnd,
      services: z
        .array(z.looseObject({ port: Port.nullish(), protocol: Protocol }))
        .min(1)
        .max(100),
    }),
  )
  .max(500);

/** Of each pair and service, places in the list of hrefs beside it. */
const Edges = z.array(z.array(z.array(Text)));
const Places = z.record(Text, Href);
export const RuleCoverageAnswer = z.looseObject({
  rules: Places,
  edges: Edges,
  deny_rules: Places,
  deny_edges: Edges,
  override_deny_rules: Places,
  override_deny_edges: Edges,
});

const SearchActor = z
  .strictObject({
    ...Entity,
    actors: z.enum(['ams', 'container_host']).optional(),
    label: Reference.optional(),
    label_group: Reference.optional(),
    virtual_service: Reference.optional(),
    ip_list: Reference.optional(),
    exclusion: z.boolean().optional(),
  })
  .refine(
    ({ exclusion: _, ...named }) => Object.values(named).filter((each) => each !== undefined).length === 1,
    {
      message: 'must name exactly one actor',
    },
  );
export type SearchActor = z.infer<typeof SearchActor>;

/** A side that is left out is any. */
export const RuleSearch = z.strictObject({
  providers: z.array(SearchActor).max(8).nullish(),
  consumers: z.array(SearchActor).max(8).nullish(),
  /** Each of them on one side or the other. */
  providers_or_consumers: z.array(SearchActor).max(8).nullish(),
  /** Of each kind of rule. */
  max_results: z.number().int().min(0).nullish(),
  ingress_services: IngressServices.nullish(),
  rule_types: z
    .array(z.enum(['sec_rules', 'deny_rules', 'override_deny_rules', 'ip_tables_rules']))
    .nullish(),
  /** Also rules that mean an actor by a group, by `ams`, or a workload by its labels. */
  resolve_actors: z.boolean().nullish(),
  enabled: z.boolean().nullish(),
  description: Text.max(4096).nullish(),
  sec_connect: z.boolean().nullish(),
  machine_auth: z.boolean().nullish(),
  stateless: z.boolean().nullish(),
  unscoped_consumers: z.boolean().nullish(),
  update_type: UpdateType.nullish(),
  consuming_security_principals: z.array(Reference).nullish(),
});
export type RuleSearch = z.infer<typeof RuleSearch>;

const Rules = z.array(z.looseObject({ href: Href, rule_set: z.looseObject({ href: Href, name: Text }) }));
export const PolicyCheckAnswer = z.looseObject({
  sec_rules: Rules,
  deny_rules: Rules,
  override_deny_rules: Rules,
});
export const AllowAnswer = Rules;
export const RuleSearchAnswer = z.looseObject({
  sec_rules: Rules,
  deny_rules: Rules,
  override_deny_rules: Rules,
  ip_tables_rules: Rules,
  counts: z.record(Text, z.looseObject({ matched: z.number(), total: z.number() })),
});

const External = Text.describe('an address of nobody that is known here');
const Workload = Text.describe('href of a workload');
/** Of a connection: each end is one address or one workload. */
export const connectionQuery = {
  src_external_ip: External.optional(),
  src_workload: Workload.optional(),
  src_container_workload: Workload.optional(),
  src_kubernetes_workload: Workload.optional(),
  dst_external_ip: External.optional(),
  dst_workload: Workload.optional(),
  dst_container_workload: Workload.optional(),
  dst_kubernetes_workload: Workload.optional(),
  service: Text.describe('href of a service, in place of protocol and port').optional(),
  protocol: Text.describe('number of the protocol').optional(),
  port: Text.describe('the port; none: all of them').optional(),
  network_type: Text.describe('brn, non_brn or any; every network counts as brn').optional(),
} as const;
