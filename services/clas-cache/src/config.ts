/** The environment of clas-cache. Optional variables that are empty count as absent. */
import { z } from 'zod';

const optional = z
  .string()
  .transform((text) => (text === '' ? undefined : text))
  .optional();

export const Config = z.object({
  CLUSTER_ID: z.uuid(),
  CLUSTER_TOKEN: z.string().min(1),
  /** Base URL of the gateway. */
  GATEWAY_URL: z.url(),
  /** The cluster's own NATS, and our credential there (a creds file; none: the server asks for no credential). */
  NATS_URL: z.string().min(1),
  NATS_CREDS: optional,
  /** Path of the CA that our servers' certificates are verified by; none: the system's. */
  RINGFENCE_CA: optional,
  /** What Kubelink and C-VENs are told; none: NATS_URL. */
  CLUSTER_NATS_PUBLIC_URL: optional,
  /**
   * Path of the operator's signing seed, which signs an account for each of them; the account that theirs import from; creds
   * file of the system user that makes accounts known. None: the server asks for no credentials.
   */
  CLUSTER_NATS_SIGNING_KEY: optional,
  CLUSTER_NATS_ACCOUNT: optional,
  CLUSTER_NATS_SYSTEM_CREDS: optional,
  /** Where Kubelink and C-VENs ask for their credentials. */
  RINGFENCE_HOST: z.string().default('127.0.0.1'),
  RINGFENCE_PORT: z.coerce.number().int().min(0).max(65_535).default(8081),
  /** Paths of PEM files for that listener; both or none. */
  RINGFENCE_TLS_CERT: optional,
  RINGFENCE_TLS_KEY: optional,
  /** What a restart needs while the control plane is away. */
  RINGFENCE_DATA_DIR: z.string().min(1),
  /**
   * A way to the API server, for whom Kubernetes vouches for and for conditions that Kubelink does not write; none: that of the
   * Pod that we run in, if any.
   */
  KUBECONFIG: optional,
  /**
   * Whether agents must show a token of their service account. Auto: as soon as the account is there, which is where agents run
   * as Pods.
   */
  RINGFENCE_VOUCHING: z.enum(['auto', 'required', 'off']).default('auto'),
  /** Of the agents: namespace/name. */
  RINGFENCE_AGENT_SERVICE_ACCOUNT: z
    .string()
    .regex(/^[^/]+\/[^/]+$/, 'namespace/name')
    .default('ringfence-system/ringfence-cven')
    .transform((text) => {
      const [namespace = '', name = ''] = text.split('/');
      return { namespace, name };
    }),
  /** Seconds that a Pod's readiness waits for its peers; 0–300. */
  RINGFENCE_READINESS_TIMER: z.coerce.number().int().min(0).max(300).default(15),
});
export type Config = z.output<typeof Config>;
