/** The environment of flow-ingest. */
import { z } from 'zod';

export const Config = z.object({
  NATS_URL: z.string().min(1),
  /** Path of a credentials file (JWT and seed); none: a server without authentication. */
  NATS_CREDS: z.string().optional(),
  /** Path of the CA that our servers' certificates are verified by; none: the system's. */
  RINGFENCE_CA: z.string().optional(),
  DATABASE_URL: z.string().min(1),
  /** Days that flows are kept; older days are dropped whole. */
  RINGFENCE_FLOW_RETENTION_DAYS: z.coerce.number().int().min(1).max(400).default(97),
  /** Batches taken in one transaction. */
  RINGFENCE_FLOW_BATCHES: z.coerce.number().int().min(1).max(1_000).default(64),
});
export type Config = z.output<typeof Config>;
