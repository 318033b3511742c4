/** The rules that nobody has written: what each is for, and what changes it. One place, for explain, REST and the command line. */
import type { GroupId } from '@ringfence/contracts';
import { CLUSTER_NODES, CONTROL_PLANE_NODES, POD_NETWORKS } from './essential-groups.js';

export const ESSENTIAL = 'essential/';

export interface EssentialWords {
  readonly purpose: string;
  /** Whoever wants it otherwise changes this. */
  readonly follows: string;
}

const WORDS: Readonly<Record<string, EssentialWords>> = {
  'cluster-dns': { purpose: 'the cluster’s DNS', follows: 'the Services of the cluster’s DNS' },
  probes: { purpose: 'health probes of the Pod’s own node', follows: 'the probes that the Pod declares' },
  'own-service': { purpose: 'a Pod to itself through its own Service', follows: 'Services and their Pods' },
  'judged-by-node': {
    purpose: 'the node that it came through has judged its real source',
    follows: 'the rules of the Pod',
  },
  'control-channel': {
    purpose: 'the agent’s way to clas-cache',
    follows: 'CLAS_URL of the agent and CLUSTER_NATS_PUBLIC_URL of clas-cache',
  },
  'api-server': { purpose: 'API servers', follows: 'the endpoints of the Service default/kubernetes' },
  kubelet: {
    purpose: 'the kubelet, from API servers and control-plane nodes',
    follows: 'API servers, and the nodes’ role control-plane',
  },
  'own-addresses': { purpose: 'the node to itself', follows: 'the node’s addresses' },
  etcd: { purpose: 'etcd between control-plane nodes', follows: 'the nodes’ role control-plane' },
  'node-agents': {
    purpose: 'what kubelet and the node’s agents were seen to need',
    follows: 'what they dial; forgotten 14 days after the last time',
  },
  'probes-of-unmanaged-pods': {
    purpose: 'health probes of the node’s unmanaged Pods',
    follows: 'which namespaces are managed',
  },
  overlay: { purpose: 'the Pod network between nodes', follows: 'the nodes of the cluster' },
  admin: {
    purpose: 'administrators’ ports of the node',
    follows: '`ringfence essentials NODE --admin`, or RINGFENCE_ADMIN_PORTS of the agent',
  },
  management: {
    purpose: 'health and metrics of the agent',
    follows: 'RINGFENCE_MANAGEMENT_PORT of the agent; a socket instead of a port needs none',
  },
  dhcp: { purpose: 'DHCP of the node', follows: 'the node’s default routes' },
  dns: { purpose: 'name look-ups of the node', follows: 'the node’s resolv.conf' },
  ntp: { purpose: 'time of the node', follows: 'RINGFENCE_NTP_SERVERS of the agent' },
};

/** Undefined: somebody has written the rule. */
export function essentialWords(ref: string): EssentialWords | undefined {
  if (!ref.startsWith(ESSENTIAL)) return undefined;
  const name = ref.slice(ESSENTIAL.length);
  return WORDS[name] ?? { purpose: name, follows: '' };
}

const GROUPS: Readonly<Record<GroupId, string>> = {
  [CLUSTER_NODES]: 'nodes of the cluster',
  [CONTROL_PLANE_NODES]: 'control-plane nodes',
  [POD_NETWORKS]: 'Pods of the cluster',
};
export const essentialGroupWords = (group: GroupId): string => GROUPS[group] ?? group;
