/** The environment of a C-VEN. */
import type { AdminPort } from '@ringfence/contracts';
import { canonicalAddress, parseCidr } from '@ringfence/policy-engine';
import { z } from 'zod';
import { parseAway } from './birth/plugin-settings.js';

const commaSeparated = (list: string): string[] => list.split(',').filter((each) => each !== '');

function adminPorts(text: string, context: z.RefinementCtx): AdminPort[] {
  return commaSeparated(text).map((each) => {
    const [port = '', networks] = each.split('@');
    const cidrs = networks?.split('+') ?? null;
    const isPort = /^\d+$/.test(port) && Number(port) >= 1 && Number(port) <= 65_535;
    if (!isPort || cidrs?.some((cidr) => parseCidr(cidr) === null))
      context.addIssue(`"${each}" is no port, alone or with CIDRs: 22 or 22@10.0.0.0/8+192.0.2.1/32`);
    return { port: Number(port), cidrs };
  });
}

export const Config = z.object({
  /** Where clas-cache gives credentials. */
  CLAS_URL: z.url(),
  /** Path of the CA that our servers' certificates are verified by; empty: the system's. */
  RINGFENCE_CA: z.string().default(''),
  /** Of the pairing profile of this cluster's nodes. */
  RINGFENCE_PAIRING_KEY: z.string().min(1),
  /** Our service account's token for the audience `ringfence`, as the kubelet keeps it; not there: we run as no Pod. */
  RINGFENCE_TOKEN_PATH: z.string().default('/var/run/secrets/ringfence/token'),
  RINGFENCE_MACHINE_ID_PATH: z.string().default('/etc/machine-id'),
  /** Empty: the first of the usual places that exists. */
  RINGFENCE_CRI_SOCKET: z.string().default(''),
  RINGFENCE_DATA_DIR: z.string().default('/var/lib/ringfence/cven'),
  /** Seconds between two readings of the flow counters. */
  RINGFENCE_FLOW_INTERVAL_SECONDS: z.coerce.number().min(0.1).max(600).default(5),
  /** Mebibytes of flow reports that may wait while clas-cache is away. */
  RINGFENCE_FLOW_QUEUE_MIB: z.coerce.number().min(1).max(1024).default(16),
  /**
   * TCP ports by which administrators reach the node, comma-separated, each for CIDRs joined by `+` (`22@10.0.0.0/8`). Without
   * CIDRs: for the networks of the interfaces that lead out of the node, and for the cluster's other nodes.
   */
  RINGFENCE_ADMIN_PORTS: z.string().default('22').transform(adminPorts),
  /** Addresses of time servers, comma-separated. */
  RINGFENCE_NTP_SERVERS: z
    .string()
    .default('')
    .transform(commaSeparated)
    .refine((list) => list.every((each) => canonicalAddress(each) !== null), 'addresses, comma-separated'),
  /**
   * How the kernel is reached: libnftables, or programs (slower); auto takes the library where it is. iptables is not available yet: it
   * says so, and nothing is in force.
   */
  RINGFENCE_KERNEL: z.enum(['auto', 'libnftables', 'nft', 'iptables']).default('auto'),
  /** Seconds after a change of the host's own policy within which the control channel must answer. */
  RINGFENCE_HOST_CONFIRM_SECONDS: z.coerce.number().min(1).max(300).default(10),
  /**
   * Auto: new Pods are closed at birth by a plugin that the agent puts at the end of the node's CNI chain, and where that cannot
   * be by a guard in the node's own namespace. Guard: that alone. Off: neither.
   */
  RINGFENCE_CNI: z.enum(['auto', 'guard', 'off']).default('auto'),
  /** The node's own ranges of Pod addresses, for the guard; empty: as its CNI configuration says. Comma-separated. */
  RINGFENCE_POD_CIDRS: z.string().default('').transform(commaSeparated),
  RINGFENCE_CNI_CONF_DIR: z.string().default('/etc/cni/net.d'),
  RINGFENCE_CNI_BIN_DIR: z.string().default('/opt/cni/bin'),
  /** The compiled plugin; empty: the one that this agent brings along. */
  RINGFENCE_CNI_PROGRAM: z.string().default(''),
  /** Where container runtimes keep the network namespaces of Pods. Comma-separated. */
  RINGFENCE_CNI_NETNS_DIRS: z.string().default('/run/netns,/var/run/netns,/proc').transform(commaSeparated),
  /** Where agent and plugin meet: the same path inside the agent's container as on the node, and kept over a reboot. */
  RINGFENCE_BIRTH_DIR: z.string().default('/var/lib/ringfence/birth'),
  /** What happens to new Pods of enforced namespaces while no agent answers: `closed`, `open`, or `wait:N` (seconds, then open). */
  RINGFENCE_BIRTH_WHEN_AWAY: z
    .string()
    .default('closed')
    .transform((text, refinement) => {
      const away = parseAway(text);
      if (away === undefined) refinement.addIssue('one of closed, open, wait:1 to wait:50');
      return away ?? z.NEVER;
    }),
  /** Namespaces whose Pods are never held: what the cluster, or Ringfence itself, starts from. Comma-separated. */
  RINGFENCE_BIRTH_EXEMPT: z.string().default('kube-system,ringfence-system').transform(commaSeparated),
  /** Namespaces of routers and gateways, whose Pods carry the packets of others from outside the cluster. Comma-separated. */
  RINGFENCE_FREE_SOURCES: z.string().default('').transform(commaSeparated),
  /** The host's own: its listener is reachable whatever the policy says. */
  RINGFENCE_MANAGEMENT_PORT: z.coerce.number().int().min(0).max(65_535).default(0),
});
export type Config = z.output<typeof Config>;
