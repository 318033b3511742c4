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
});
export type Config = z.output<typeof Config>;
