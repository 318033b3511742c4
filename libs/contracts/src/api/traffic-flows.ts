/**
 * Traffic queries and flows (`traffic_flows/async_queries`), owned by flow-ingest. Query bodies are strict, with the lenience that
 * real clients need: `ip_address` as an object, plain hrefs instead of items, a service without protocol.
 */
import { z } from 'zod';
import type { CollectionContracts } from './collection.js';
import { Text } from '../text.js';

const href = z.object({ href: Text.min(1).max(500) });

const addressText = Text.min(2).max(60);
const itemFields = {
  label: href,
  label_group: href,
  workload: href,
  ip_list: href,
  ip_address: z.union([addressText, z.object({ value: addressText }).transform((given) => given.value)]),
  actors: z.literal('ams'),
  fqdn: Text.min(1).max(255),
  transmission: z.enum(['broadcast', 'multicast', 'unicast']),
} as const;

/** `{"href": …}` or the href itself says label, group, workload or IP list by its path. */
const kindOfHref: readonly (readonly [RegExp, keyof typeof itemFields])[] = [
  [/\/labels\//, 'label'],
  [/\/label_groups\//, 'label_group'],
  [/\/(kubernetes_)?workloads\//, 'workload'],
  [/\/ip_lists\//, 'ip_list'],
];
function itemOfHref(text: string): unknown {
  const kind = kindOfHref.find(([pattern]) => pattern.test(text));
  return kind === undefined ? { ip_address: text } : { [kind[1]]: { href: text } };
}
export const FlowQueryItem = z.preprocess(
  (given) => (typeof given === 'string' ? itemOfHref(given) : given),
  z
    .strictObject({
      label: itemFields.label.optional(),
      label_group: itemFields.label_group.optional(),
      workload: itemFields.workload.optional(),
      ip_list: itemFields.ip_list.optional(),
      ip_address: itemFields.ip_address.optional(),
      actors: itemFields.actors.optional(),
      fqdn: itemFields.fqdn.optional(),
      transmission: itemFields.transmission.optional(),
    })
    .refine((item) => Object.values(item).filter((value) => value !== undefined).length === 1, {
      message:
        'name exactly one of label, label_group, workload, ip_list, ip_address, actors, fqdn, transmission',
    }),
);
export type FlowQueryItem = z.infer<typeof FlowQueryItem>;

const side = z.strictObject({
  /** OR of AND-lists; `[[]]` and `[]` are anything. A flat list is one AND-list. */
  include: z
    .preprocess(
      (given) => (Array.isArray(given) && given.length > 0 && !given.some(Array.isArray) ? [given] : given),
      z.array(z.array(FlowQueryItem).max(50)).max(50),
    )
    .default([]),
  exclude: z.array(FlowQueryItem).max(100).default([]),
});

const port = z.number().int().min(0).max(65_535);
const serviceItem = z
  .strictObject({
    port: port.optional(),
    to_port: port.optional(),
    proto: z.number().int().min(-1).max(255).optional(),
    process_name: Text.max(255).optional(),
    windows_service_name: Text.max(255).optional(),
  })
  .refine((item) => item.to_port === undefined || (item.port !== undefined && item.to_port >= item.port), {
    message: 'to_port needs port and must not be smaller',
  });

export const FlowQuery = z.strictObject({
  query_name: Text.max(255).default(''),
  start_date: z.iso.datetime({ offset: true }).optional(),
  end_date: z.iso.datetime({ offset: true }).optional(),
  sources: side,
  destinations: side,
  services: z.strictObject({
    include: z.array(serviceItem).max(100).default([]),
    exclude: z.array(serviceItem).max(100).default([]),
  }),
  policy_decisions: z.array(z.enum(['allowed', 'potentially_blocked', 'blocked', 'unknown'])).default([]),
  boundary_decisions: z
    .array(z.enum(['blocked', 'blocked_by_override_deny', 'blocked_non_illumio_rule']))
    .default([]),
  sources_destinations_query_op: z.enum(['and', 'or']).default('and'),
  max_results: z.number().int().min(0).max(200_000),
  exclude_workloads_from_ip_list_query: z.boolean().default(true),
  data_sources: z
    .strictObject({
      include: z.array(z.enum(['server', 'endpoint', 'flowlink', 'scanner'])).optional(),
      exclude: z.array(z.enum(['server', 'endpoint', 'flowlink', 'scanner'])).optional(),
    })
    .optional(),
});
export type FlowQuery = z.infer<typeof FlowQuery>;

const EVERYBODY = { include: [], exclude: [] };
/** Which of the stored flows, for whoever counts them all. */
export const StoredFlowsChoice = FlowQuery.pick({
  end_date: true,
  sources_destinations_query_op: true,
}).extend({
  start_date: z.iso.datetime({ offset: true }),
  sources: FlowQuery.shape.sources.default(EVERYBODY),
  destinations: FlowQuery.shape.destinations.default(EVERYBODY),
  services: FlowQuery.shape.services.default(EVERYBODY),
});
export type StoredFlowsChoice = z.infer<typeof StoredFlowsChoice>;

export const FlowQueryStatus = z.enum([
  'queued',
  'working',
  'completed',
  'failed',
  'cancel_requested',
  'cancelled',
]);
export type FlowQueryStatus = z.infer<typeof FlowQueryStatus>;

export const FlowQueryObject = z.object({
  href: Text,
  status: FlowQueryStatus,
  created_at: Text,
  updated_at: Text,
  created_by: href,
  query_parameters: FlowQuery,
  result: Text.optional(),
  matches_count: z.number().int().optional(),
  flows_count: z.number().int().optional(),
  regions: z.array(
    z.object({
      pce_fqdn: Text,
      responded: z.boolean(),
      matches_count: z.number().int(),
      flows_count: z.number().int(),
    }),
  ),
});
export type FlowQueryObject = z.infer<typeof FlowQueryObject>;

export const FlowEnd = z.object({
  ip: Text,
  workload: z
    .object({
      href: Text,
      name: Text.nullable(),
      hostname: Text.nullable(),
      os_type: Text,
      enforcement_mode: Text,
      managed: z.boolean(),
      labels: z.array(z.object({ href: Text, key: Text, value: Text })),
      kind: Text.optional(),
      namespace: Text.optional(),
    })
    .optional(),
  ip_lists: z.array(z.object({ href: Text, name: Text, size: z.number().int() })).optional(),
  /** Ours: what is known of an end that is no workload of a managed namespace. */
  name: Text.optional(),
  namespace: Text.optional(),
  service: z.object({ namespace: Text, name: Text }).optional(),
});
export const FlowReport = z.object({
  verdict: Text,
  rule: Text.nullable(),
  rule_class: Text.nullable(),
  connections: z.number().int(),
  last_detected: Text,
  /** The newest under which this end reported; around a provision the two ends differ. */
  policy_version: z.number().int(),
});
/** One row per flow and outcome; a connection is in one of them. `reports` (ours) shows what each end said; the other fields are the API's. */
export const Flow = z.object({
  src: FlowEnd,
  dst: FlowEnd,
  service: z.object({ port: z.number().int(), proto: z.number().int() }),
  num_connections: z.number().int(),
  policy_decision: z.enum(['allowed', 'potentially_blocked', 'blocked', 'unknown']),
  boundary_decision: Text.optional(),
  state: Text,
  flow_direction: z.enum(['inbound', 'outbound']),
  transmission: Text,
  timestamp_range: z.object({ first_detected: Text, last_detected: Text }),
  dst_bi: z.number().int(),
  dst_bo: z.number().int(),
  icmp_type: z.number().int().optional(),
  icmp_code: z.number().int().optional(),
  network: z.object({ href: Text, name: Text }).optional(),
  rules: z.array(z.union([z.object({ href: Text }), z.object({ essential_service_rule: Text })])),
  enforcement_boundaries: z.array(href),
  override_deny_rules: z.array(href),
  caps: z.array(Text),
  client_type: Text,
  policy_version: z.number().int(),
  reports: z.object({ outbound: FlowReport.optional(), inbound: FlowReport.optional() }),
  /** Ours: no agent reported it, somebody uploaded it. */
  ringfence_uploaded_by: href.optional(),
});
export type Flow = z.infer<typeof Flow>;

/** More are not looked at as a whole: the busiest are. */
export const MOST_EDGES = 5_000;
export const FlowEdgeEnd = z
  .strictObject({
    workload: href.optional(),
    ip: addressText.optional(),
    /** What it was called, for people. */
    name: Text.max(600).optional(),
  })
  .refine((end) => (end.workload === undefined) !== (end.ip === undefined), {
    message: 'name exactly one of workload, ip',
  });
/** Flows added up by their ends and port: who calls whom, small enough to be judged under another policy. */
export const FlowEdge = z.strictObject({
  src: FlowEdgeEnd,
  dst: FlowEdgeEnd,
  service: z.strictObject({ port, proto: z.number().int().min(0).max(255) }),
  num_connections: z.number().int().min(0),
  last_detected: z.iso.datetime(),
  /** It is let through whatever people write. */
  essential: z.boolean().default(false),
});
export type FlowEdge = z.infer<typeof FlowEdge>;
export const FlowEdges = z.array(FlowEdge).max(MOST_EDGES);

const storeSize = z.object({
  flows_days: z.number().int(),
  flows_days_limit: z.number().int(),
  flows_size_gb: z.number(),
});
/** Days are the limit of what is kept, not gigabytes; a store of flows from endpoints, or a backlog, there is none. */
const DatabaseMetrics = storeSize.extend({
  flows_oldest_day: Text.optional(),
  flows_size_gb_limit: z.number(),
  server: storeSize.extend({ num_flows_estimated: z.number().int() }),
  endpoint: storeSize,
  backlog: z.object({}),
  updated_at: Text,
});

/** CSV: `src,dst,port,proto`, at most 1,000 lines. */
export const FlowUpload = Text.min(1).max(200_000);
const UploadedFlows = z.object({
  num_flows_received: z.number().int(),
  num_flows_failed: z.number().int(),
  /** The lines, each with what is wrong with it. */
  failed_flows: z.array(Text),
});

export const trafficFlowCollections = {
  'agents/bulk_traffic_flows': {
    actions: { upload: FlowUpload },
    answers: { upload: UploadedFlows },
    item: UploadedFlows,
  },
  'traffic_flows/async_queries': {
    create: FlowQuery,
    update: z.strictObject({ status: z.literal('cancel_requested') }),
    answers: { download: z.array(Flow) },
    item: FlowQueryObject,
  },
  'traffic_flows/traffic_analysis_queries': {
    actions: { find: FlowQuery },
    answers: { find: z.array(Flow) },
    item: Flow,
  },
  'traffic_flows/edges': {
    actions: { find: FlowQuery },
    answers: { find: FlowEdges },
    item: FlowEdge,
  },
  'traffic_flows/database_metrics': { item: DatabaseMetrics },
} as const satisfies CollectionContracts;
