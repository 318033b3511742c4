/** The environment of inventory. Optional paths that are empty count as absent. */
import { z } from 'zod';

const optional = z
  .string()
  .transform((text) => (text === '' ? undefined : text))
  .optional();
const seconds = (standard: number) => z.coerce.number().int().min(1).max(31_536_000).default(standard);

export const Config = z.object({
  NATS_URL: z.string().min(1),
  /** A creds file (JWT and seed); none: the server asks for no credential. */
  NATS_CREDS: optional,
  /** Path of the CA that our servers' certificates are verified by; none: the system's. */
  RINGFENCE_CA: optional,
  DATABASE_URL: z.string().min(1),
  /** Creds of the control server's system account, to make clusters' accounts known. */
  NATS_SYSTEM_CREDS: optional,
  /** Path of the operator's signing seed. */
  NATS_OPERATOR_KEY: optional,
  /** Public key of the account that holds the streams. */
  NATS_CORE_ACCOUNT: optional,
  /** What clusters are told; none: NATS_URL. */
  NATS_UPLINK_URL: optional,
  /** Life of an uplink credential. */
  RINGFENCE_UPLINK_SECONDS: seconds(86_400),
  /** For so long a cluster that says far more than its share is cut off, and given no new credential. */
  RINGFENCE_SUSPENSION_SECONDS: seconds(300),
  /** Without a heartbeat of kubelink for so long, a cluster is out of sync. */
  RINGFENCE_CLUSTER_SILENCE_SECONDS: seconds(600),
  /** Without a heartbeat of a C-VEN for so long, its workload is offline. */
  RINGFENCE_AGENT_SILENCE_SECONDS: seconds(300),
  /** Without a word of clas-cache for so long, nobody knows what is in force in its cluster. */
  RINGFENCE_PULSE_SILENCE_SECONDS: seconds(30),
});
export type Config = z.output<typeof Config>;
