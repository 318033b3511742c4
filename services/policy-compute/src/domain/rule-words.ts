/** A rule that decided, in words: people's rules by their names, the essential ones by what they are for. */
import type { RuleClass, Verdict } from '@ringfence/contracts';

const ESSENTIAL = 'essential/';
/** What is always allowed, whatever the policy says. */
const PURPOSES: Readonly<Record<string, string>> = {
  'cluster-dns': 'the cluster’s DNS',
  probes: 'health probes of the Pod’s own node',
  'own-service': 'a Pod to itself through its own Service',
  'judged-by-node': 'the node that it came through has judged its real source',
  'control-channel': 'the agent’s way to clas-cache',
  'api-server': 'API servers',
  kubelet: 'the kubelet, from API servers and control-plane nodes',
  etcd: 'etcd between control-plane nodes',
  'node-agents': 'what kubelet and the node’s agents were seen to need',
  'probes-of-unmanaged-pods': 'health probes of the node’s unmanaged Pods',
  overlay: 'the Pod network between nodes',
  admin: 'administrators’ ports of the node',
  management: 'health and metrics of the agent',
  dhcp: 'DHCP of the node',
  dns: 'name look-ups of the node',
  ntp: 'time of the node',
};

export function ruleWords(ref: string, nameOf: (ref: string) => string): string {
  if (!ref.startsWith(ESSENTIAL)) return nameOf(ref);
  const name = ref.slice(ESSENTIAL.length);
  return `essential: ${PURPOSES[name] ?? name}`;
}

export interface Decided {
  readonly mode: string;
  readonly verdict: Verdict;
  readonly ruleClass: RuleClass | null;
  /** The rule's name; null: none speaks about it. */
  readonly rule: string | null;
}

export function reasonWords({ mode, verdict, ruleClass, rule }: Decided): string {
  if (mode === 'idle') return 'idle: nothing is programmed at this end';
  if (rule === null)
    return `no rule allows it; ${mode} ${verdict === 'blocked' ? 'drops it' : 'lets it pass and reports it'}`;
  const isAllowed = ruleClass === 'essential' || ruleClass === 'allow';
  const isSpared = verdict === 'potentially_blocked' ? `, not enforced in ${mode}` : '';
  return `${isAllowed ? 'allowed' : 'denied'} by ${rule}${isSpared}`;
}

export const verdictWords = (verdict: Verdict): string => verdict.replaceAll('_', ' ');
