/** The environment of policy-compute. */
import { z } from 'zod';

export const Config = z.object({
  NATS_URL: z.string().min(1).default('nats://127.0.0.1:4222'),
  /** Path of a credentials file (JWT and seed); empty: a server without authentication. */
  NATS_CREDS: z.string().default(''),
  /** Path of the CA that our servers' certificates are verified by; none: the system's. */
  RINGFENCE_CA: z.string().default(''),
  /** The service's own database is made beside it, with `_policy_compute` behind its name. */
  DATABASE_URL: z.string().min(1),
  /** Where `explain` is served as gRPC; 0: not at all. */
  RINGFENCE_GRPC_PORT: z.coerce.number().int().min(0).max(65_535).default(0),
  /** What callers show as `authorization: Bearer …`; without one, that listener is not opened. */
  RINGFENCE_GRPC_TOKEN: z.union([z.literal(''), z.string().min(32)]).default(''),
  /** Address of that listener. It speaks no TLS, so it stays on the machine unless told otherwise. */
  RINGFENCE_GRPC_HOST: z.string().min(1).default('127.0.0.1'),
});
export type Config = z.output<typeof Config>;
