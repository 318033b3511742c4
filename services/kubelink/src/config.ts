/** Kubelink's environment. */
import { z } from 'zod';

export const Config = z.object({
  /** The container cluster's id and token, as the control plane gave them. */
  CLUSTER_ID: z.string().min(1),
  CLUSTER_TOKEN: z.string().min(1),
  /** Where clas-cache gives credentials: http(s)://host:port. */
  CLAS_URL: z.url(),
  /** Path of the CA that our servers' certificates are verified by; none: the system's. */
  RINGFENCE_CA: z.string().optional(),
  /** Path of a kubeconfig; not set: the service account of the Pod that we run in. */
  KUBECONFIG: z.string().optional(),
  /** Keeps the credential for a restart without clas-cache; not set: it is asked for anew. */
  RINGFENCE_DATA_DIR: z.string().optional(),
  /** Whether Kubernetes' NetworkPolicies are enforced beside our own policy: `true` or `false`. Whoever else enforces them goes on. */
  RINGFENCE_NETWORK_POLICIES: z
    .enum(['true', 'false'])
    .default('false')
    .transform((value) => value === 'true'),
  /** Everything is told once more so often, for a reader that lost its store; minutes. */
  RINGFENCE_RESYNC_MINUTES: z.coerce.number().min(1).max(1_440).default(60),
});
export type Config = z.output<typeof Config>;
