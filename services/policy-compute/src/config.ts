/** The environment of policy-compute. */
import { z } from 'zod';

export const configSchema = z.object({
  NATS_URL: z.string().min(1).default('nats://127.0.0.1:4222'),
  /** Path of a credentials file (JWT and seed); empty: a server without authentication. */
  NATS_CREDS: z.string().default(''),
  /** The service's own database is made beside it, with `_policy_compute` behind its name. */
  DATABASE_URL: z.string().min(1),
  /** Where `explain` is served as gRPC; 0: not at all. */
  RINGFENCE_GRPC_PORT: z.coerce.number().int().min(0).max(65_535).default(0),
  /** Address of that listener. It has no authentication of its own, so it stays on the machine unless told otherwise. */
  RINGFENCE_GRPC_HOST: z.string().min(1).default('127.0.0.1'),
});
export type Config = z.infer<typeof configSchema>;
