/** What the gateway itself answers: health, version, the signed-in user, jobs, edge exchanges. */
import { z } from 'zod';
import { CALLS, ExplainRequest, ExplainResponse } from '../calls.js';
import { PolicyProgressView } from './container-clusters.js';
import type { CollectionContracts } from './collection.js';
import { UserKey } from '../edge.js';
import { Instant } from '../ids.js';
import { NodeName, Text } from '../text.js';

export const Health = z.array(
  z.object({
    status: z.enum(['normal', 'warning', 'critical']),
    type: z.literal('standalone'),
    fqdn: Text,
    ringfence_version: Text,
    available_seconds: z.number().int(),
    notifications: z.array(z.object({ status: Text, token: Text, message: Text })),
    /** At which policy version each cluster stands, as of at most two seconds ago. */
    ringfence_clusters: z.array(z.object({ name: Text, status: Text, policy: PolicyProgressView })),
    nodes: z.array(
      z.object({
        hostname: Text,
        ip_address: Text,
        runlevel: z.number().int(),
        uptime_seconds: z.number().int(),
        services: z.object({
          status: Text,
          running: z.array(Text),
          not_running: z.array(Text),
        }),
        generated_at: Text,
      }),
    ),
    network: z.object({ replication: z.array(z.unknown()) }),
    generated_at: Text,
  }),
);
export type Health = z.infer<typeof Health>;

export const ProductVersion = z.object({
  version: Text,
  build: z.number().int(),
  long_display: Text,
  short_display: Text,
  product_name: Text,
  /** `version` is the release of the API that clients compare with; this is ours. */
  ringfence_version: Text,
});

export const Job = z.object({
  href: Text,
  job_type: Text,
  status: z.enum(['pending', 'running', 'done', 'failed']),
  requested_at: Text,
  requested_by: z.object({ href: Text }),
  terminated_at: Text.optional(),
  result: z.object({ href: Text.optional(), message: Text.optional() }).optional(),
});
export type Job = z.infer<typeof Job>;

const Nothing = z.object({});

const clusterProof = { cluster: Text.min(1).max(64), token: Text.min(1).max(200) };
export const EdgeExchange = z.strictObject(clusterProof);
export const EdgePair = z.strictObject({
  ...clusterProof,
  pairingKey: Text.min(1).max(400),
  machineId: Text.min(1).max(253),
  version: Text.min(1).max(64),
  publicKey: UserKey,
  vouchedNode: NodeName.optional(),
});

export const ExplainBody = z.strictObject(ExplainRequest.shape).extend({
  from: Text.min(1).max(500),
  to: Text.min(1).max(500),
  proto: z.number().int().min(0).max(255).default(6),
  /** As it was then; absent: as it is. */
  at: Instant.optional(),
});

/** Asks the owner of mirrored facts to say them again; `begin` false only looks how far it is. */
export const ResyncBody = z.strictObject({
  service: z.enum(['inventory', 'label-resolver', 'policy-compute']),
  begin: z.boolean().default(true),
});
const Resync = z.object({
  service: Text,
  /** Events said again so far, and how much of the owner's history is looked through. */
  said: z.number().int(),
  position: z.number().int(),
  upto: z.number().int(),
  done: z.boolean(),
});

export const gatewayCollections = {
  health: { item: Health },
  node_available: { item: Nothing },
  noop: { item: Nothing },
  openapi: { item: z.looseObject({ openapi: Text }) },
  product_version: { item: ProductVersion },
  jobs: { item: Job, query: { job_type: Text.describe('The type, all of it.') } },
  datafiles: {
    item: z.array(z.unknown()),
    query: { filename: Text.describe('Under which name the file is offered; else `result.json`.') },
  },
  explain: {
    item: ExplainResponse,
    actions: { explain: ExplainBody },
    answers: { explain: ExplainResponse },
  },
  resync: { item: Resync, actions: { resync: ResyncBody }, answers: { resync: Resync } },
  edge: {
    item: Nothing,
    actions: { exchange: EdgeExchange, pair: EdgePair },
    answers: { exchange: CALLS.exchangeToken.response, pair: CALLS.pairNode.response },
  },
} as const satisfies CollectionContracts;
