/** The environment of a C-VEN. */
import { z } from 'zod';

export const Config = z.object({
  /** Where clas-cache gives credentials. */
  CLAS_URL: z.url(),
  /** Of the pairing profile of this cluster's nodes. */
  RINGFENCE_PAIRING_KEY: z.string().min(1),
  RINGFENCE_MACHINE_ID_PATH: z.string().default('/etc/machine-id'),
  /** Empty: the first of the usual places that exists. */
  RINGFENCE_CRI_SOCKET: z.string().default(''),
  RINGFENCE_DATA_DIR: z.string().default('/var/lib/ringfence/cven'),
  /** Seconds between two readings of the flow counters. */
  RINGFENCE_FLOW_INTERVAL_SECONDS: z.coerce.number().min(0.1).max(600).default(5),
  /** Mebibytes of flow reports that may wait while clas-cache is away. */
  RINGFENCE_FLOW_QUEUE_MIB: z.coerce.number().min(1).max(1024).default(16),
  /** TCP ports by which administrators reach the node; never blocked on it. Comma-separated. */
  RINGFENCE_ADMIN_PORTS: z
    .string()
    .default('22')
    .transform((list) =>
      list
        .split(',')
        .filter((each) => each !== '')
        .map(Number),
    )
    .pipe(z.array(z.number().int().min(1).max(65_535))),
  /** How the kernel is reached: kept libnftables contexts, or programs (slower); auto takes the library where it is. */
  RINGFENCE_KERNEL: z.enum(['auto', 'libnftables', 'nft']).default('auto'),
  /** Seconds after a change of the host's own policy within which the control channel must answer. */
  RINGFENCE_HOST_CONFIRM_SECONDS: z.coerce.number().min(1).max(300).default(10),
  /** The host's own: its listener is reachable whatever the policy says. */
  RINGFENCE_MANAGEMENT_PORT: z.coerce.number().int().min(0).max(65_535).default(0),
});
export type Config = z.infer<typeof Config>;
