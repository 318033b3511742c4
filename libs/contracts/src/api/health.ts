/** What the gateway itself answers: health, version, the signed-in user, jobs, audit events, edge exchanges. */
import { z } from 'zod';
import { ExplainRequest, ExplainResponse } from '../calls.js';
import type { CollectionContracts } from './collection.js';

export const Health = z.array(
  z.object({
    status: z.enum(['normal', 'warning', 'critical']),
    type: z.literal('standalone'),
    fqdn: z.string(),
    available_seconds: z.number().int(),
    notifications: z.array(z.object({ status: z.string(), token: z.string(), message: z.string() })),
    nodes: z.array(
      z.object({
        hostname: z.string(),
        ip_address: z.string(),
        runlevel: z.number().int(),
        uptime_seconds: z.number().int(),
        services: z.object({
          status: z.string(),
          running: z.array(z.string()),
          not_running: z.array(z.string()),
        }),
        generated_at: z.string(),
      }),
    ),
    network: z.object({ replication: z.array(z.unknown()) }),
    generated_at: z.string(),
  }),
);

export const ProductVersion = z.object({
  version: z.string(),
  build: z.number().int(),
  long_display: z.string(),
  short_display: z.string(),
  product_name: z.string(),
});

export const Job = z.object({
  href: z.string(),
  job_type: z.string(),
  status: z.enum(['pending', 'running', 'done', 'failed']),
  requested_at: z.string(),
  requested_by: z.object({ href: z.string() }),
  terminated_at: z.string().optional(),
  result: z.object({ href: z.string().optional(), message: z.string().optional() }).optional(),
});
export type Job = z.infer<typeof Job>;

/** An audit event: a change that was made, or a request that was refused. */
export const AuditEvent = z.object({
  href: z.string(),
  event_id: z.string(),
  event_type: z.string(),
  timestamp: z.string(),
  pce_fqdn: z.string(),
  severity: z.enum(['info', 'warning', 'err']),
  status: z.enum(['success', 'failure']),
  created_by: z.record(z.string(), z.unknown()),
  action: z.record(z.string(), z.unknown()).nullable(),
  resource_changes: z.array(z.unknown()),
  notifications: z.array(z.unknown()),
});
export type AuditEvent = z.infer<typeof AuditEvent>;

const clusterProof = { cluster: z.string().min(1).max(64), token: z.string().min(1).max(200) };
export const EdgeExchange = z.strictObject(clusterProof);
export const EdgePair = z.strictObject({
  ...clusterProof,
  pairingKey: z.string().min(1).max(400),
  machineId: z.string().min(1).max(253),
  version: z.string().min(1).max(64),
});

export const ExplainBody = z.strictObject(ExplainRequest.shape).extend({
  from: z.string().min(1).max(500),
  to: z.string().min(1).max(500),
  proto: z.number().int().min(0).max(255).default(6),
});

export const gatewayCollections = {
  health: { owner: 'gateway', item: Health },
  product_version: { owner: 'gateway', item: ProductVersion },
  jobs: { owner: 'gateway', item: Job },
  events: { owner: 'gateway', item: AuditEvent },
  explain: { owner: 'gateway', item: ExplainResponse, actions: { explain: ExplainBody } },
  edge: { owner: 'gateway', item: z.object({}), actions: { exchange: EdgeExchange, pair: EdgePair } },
} as const satisfies CollectionContracts;
