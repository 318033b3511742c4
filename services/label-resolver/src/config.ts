/** The environment of label-resolver. */
import { z } from 'zod';

const optional = z
  .string()
  .transform((text) => (text === '' ? undefined : text))
  .optional();

export const Config = z.object({
  NATS_URL: z.string().min(1),
  /** A creds file (JWT and seed); empty or none: the server asks for no credential. */
  NATS_CREDS: optional,
  /** Path of the CA that our servers' certificates are verified by; none: the system's. */
  RINGFENCE_CA: optional,
  DATABASE_URL: z.string().min(1),
  /** Labels that exist because label maps asked for them, of each cluster at most. */
  RINGFENCE_MAPPED_LABELS: z.coerce.number().int().min(0).max(100_000).default(1_000),
});
export type Config = z.output<typeof Config>;
