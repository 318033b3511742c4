/**
 * The forward guard of a host's table. With `externalTrafficPolicy: Cluster` (NodePort, load balancer) a Pod sees its
 * node's address instead of the client's, and its node may always probe it; here, before the source is translated,
 * the client is still visible. So a translated connection that ends at a probe port must be allowed for its real client.
 */
import type { RuleClass } from '@ringfence/contracts';
import { isIpv6 } from './addresses.js';
import type { ForwardGuard, GuardedPort, PeerSet } from './firewall.model.js';
import { writerChain } from './flow-sets.js';
import { serviceChainName } from './names.js';
import type { ChainLayout } from './nft-layout.js';
import { lookups, verdictChain } from './peer-lookups.js';

/** `hasFlowSets`: what the guard drops is counted as blocked; a table with nothing but the guard only counts packets. */
export function guardChains(
  guard: ForwardGuard,
  peers: ReadonlyMap<string, PeerSet>,
  hasFlowSets: boolean,
): [string, ChainLayout][] {
  const chains = new Map<string, ChainLayout>();
  const known = new Map<string, string>();
  const dispatch = { 4: [] as string[], 6: [] as string[] };
  for (const target of guard.targets) {
    const rules = targetRules(target, peers);
    const content = rules.join('\n');
    const name = known.get(content) ?? serviceChainName('guard', known.size, target.port);
    known.set(content, name);
    chains.set(name, { rules });
    dispatch[isIpv6(target.address) ? 6 : 4].push(
      `${target.address} . ${target.proto} . ${target.port} : goto ${name}`,
    );
  }
  return [
    ...chains,
    [
      'guard_drop',
      { rules: [...(hasFlowSets ? [`jump ${writerChain('nb')}`] : []), 'counter name c_guard', 'drop'] },
    ],
    ['guard_4', { rules: dispatchRules('ip', dispatch[4]) }],
    ['guard_6', { rules: dispatchRules('ip6', dispatch[6]) }],
    [
      'hook_forward',
      {
        hook: 'type filter hook forward priority filter - 10; policy accept;',
        rules: [
          'meta nfproto ipv4 ct status dnat ct direction original goto guard_4',
          'meta nfproto ipv6 ct status dnat ct direction original goto guard_6',
        ],
      },
    ],
  ];
}

function dispatchRules(header: 'ip' | 'ip6', entries: readonly string[]): string[] {
  return entries.length === 0
    ? ['accept']
    : [`${header} daddr . meta l4proto . th dport vmap { ${entries.join(', ')} }`, 'accept'];
}

function targetRules(target: GuardedPort, peers: ReadonlyMap<string, PeerSet>): string[] {
  const key = (family: 4 | 6): string => `ct original ${family === 4 ? 'ip' : 'ip6'} saddr`;
  const verdict = (ruleClass: RuleClass): string =>
    verdictChain(ruleClass) === 'v_allow' ? 'accept' : 'goto guard_drop';
  const rest = target.mode === 'full' ? 'goto guard_drop' : 'accept';
  return [...lookups(target.rules, peers, key, verdict), rest];
}
