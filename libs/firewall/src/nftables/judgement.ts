/**
 * How a node tells a Pod about a connection that it hides behind its own address (NodePort, load balancer, a Service that
 * the Pod calls through itself): it judges the real client by the Pod's policy, and writes the outcome into the packets'
 * DSCP where they leave. Nothing else survives both the translation and the network between two nodes. A node that
 * judges lets no such value out that it has not written itself, so it is believed from those nodes only. A packet is a
 * node's if it came by the way that leads to that node: a Pod may send under any address, but not by any interface.
 */
import type { ChainLayout, SetLayout, TableLayout } from './nft-layout.js';
import type { Ends } from './policy-layout.js';
import { FAMILIES } from './flow-sets.js';
import type { Family } from './flow-sets.js';
import { isIpv6 } from '../model/addresses.js';
import type { HiddenIngress, PeerSet } from '../model/firewall.model.js';
import { hiddenChain, hiddenChains } from './hidden-layout.js';

/**
 * DSCP, of the pool for local use (RFC 2474): allowed for its real client, and forwarded without anybody saying so. To a
 * node: forwarded, and for a Pod.
 */
const ALLOWED = 43;
const FORWARDED = 47;
const OF_A_POD = 51;
const WORDS = `{ ${ALLOWED}, ${FORWARDED}, ${OF_A_POD} }`;
/** The same in conntrack's mark, whose upper half is the policy generation. */
const ALLOWED_BIT = '0x00008000';
const FORWARDED_BIT = '0x00004000';
const BOTH_BITS = '0x0000c000';
const OTHER_BITS = '0xffff3fff';

const HEADERS = { 4: 'ip', 6: 'ip6' } as const;
const perFamily = (line: (header: 'ip' | 'ip6', family: 4 | 6) => string): string[] =>
  FAMILIES.map((family) => line(HEADERS[family], family));

/** By address only: a node is told by its own. */
export function judgingSets(judging: readonly string[], peers: ReadonlyMap<string, PeerSet>): TableLayout {
  const hosts = (family: 4 | 6): Set<string> =>
    new Set(judging.flatMap((group) => [...(peers.get(group)?.[`hosts${family}`] ?? [])]));
  const sets = FAMILIES.map((family): [string, SetLayout] => [
    `judging_${family}`,
    { keyword: 'set', declaration: `type ipv${family}_addr;`, elements: hosts(family), interval: false },
  ]);
  return { sets: new Map(sets), chains: new Map() };
}

/** At the head of the ingress. Where nobody says anything, and nobody has, it does not matter who it is. */
export function judgedEntry(): string[] {
  return [
    `ct mark and ${BOTH_BITS} != 0 jump judging`,
    ...FAMILIES.map((family) => `${maySayWord(family)} jump judging`),
  ];
}

/**
 * The bits that all words have in common: one comparison, at half the cost of a look-up. Where they stand in the header is said
 * here: masking `ip6 dscp`, nft 1.0.6 mixes up the order of bytes.
 */
function maySayWord(family: Family): string {
  const [field, shift] = family === 4 ? ['@nh,8,8', 2] : ['@nh,0,16', 6];
  const differing = (ALLOWED ^ FORWARDED) | (ALLOWED ^ OF_A_POD);
  const [mask, value] = [0x3f & ~differing, ALLOWED & ~differing].map((bits) => bits << shift);
  return `meta nfproto ipv${family} ${field} and ${mask} == ${value}`;
}

/** A reply has no such DSCP, so the connection keeps what its opener's packets said. */
export function judgingChain(): [string, ChainLayout] {
  const rules = perFamily((header, family) => `ct original ${header} saddr @judging_${family} goto judged`);
  return ['judging', { rules }];
}

const heard = (dscp: number, bit: string): string[] =>
  perFamily((header) => `ct direction original ${header} dscp ${dscp} ct mark set ct mark or ${bit}`);
const FORGOTTEN = `ct direction original ct mark set ct mark and ${OTHER_BITS}`;

/** In a Pod. */
export function judgedChain(ends: Ends): [string, ChainLayout] {
  const rules = [
    FORGOTTEN,
    ...heard(ALLOWED, ALLOWED_BIT),
    ...heard(FORWARDED, FORWARDED_BIT),
    `ct mark and ${BOTH_BITS} == ${ALLOWED_BIT} goto v_allow`,
    `ct mark and ${BOTH_BITS} == ${FORWARDED_BIT} goto ${ends}_unmatched`,
  ];
  return ['judged', { rules }];
}

/** In a node, for which nobody was judged where he came from. */
export function hiddenJudgement(hidden: HiddenIngress): [string, ChainLayout][] {
  const goes = (bit: string, who: keyof HiddenIngress): string[] =>
    FAMILIES.map(
      (family) =>
        `ct mark and ${BOTH_BITS} == ${bit} meta nfproto ipv${family} goto ${hiddenChain(who, family)}`,
    );
  const rules = [
    FORGOTTEN,
    ...heard(OF_A_POD, ALLOWED_BIT),
    ...heard(FORWARDED, FORWARDED_BIT),
    ...goes(ALLOWED_BIT, 'pod'),
    ...goes(FORWARDED_BIT, 'stranger'),
  ];
  return [...hiddenChains(hidden), ['judged', { rules }]];
}

/** What the guard's verdicts leave in conntrack; the last word is said where the packet leaves. */
export const verdictMarks = {
  allowed: `ct direction original ct mark set ct mark or ${ALLOWED_BIT}`,
  undecided: `ct direction original ct mark and ${ALLOWED_BIT} == ${ALLOWED_BIT} ct mark set ct mark and 0xffff7fff`,
  forwarded: `ct direction original ct mark and ${FORWARDED_BIT} == 0 ct mark set ct mark or ${FORWARDED_BIT}`,
} as const;

/** Where a packet of these comes in, nobody is believed. */
export function distrustedWords(these: string): string[] {
  return perFamily((header) => `${these} ${header} dscp ${WORDS} ${header} dscp set cs0`);
}

/** Whoever says something under an address to which another way leads has not that address. */
export function arrivingChain(): [string, ChainLayout] {
  return [
    'hook_arriving',
    {
      hook: 'type filter hook prerouting priority raw - 5; policy accept;',
      rules: perFamily((header) => `${header} dscp ${WORDS} fib saddr . iif oif 0 ${header} dscp set cs0`),
    },
  ];
}

/** On its way through: only another judging node is believed, and nobody about a connection that is translated here. */
export function distrust(): string[] {
  return [
    ...perFamily(
      (header) => `ct status dnat ct direction original ${header} dscp ${WORDS} ${header} dscp set cs0`,
    ),
    ...perFamily(
      (header, family) =>
        `${header} dscp ${WORDS} ${header} saddr != @judging_${family} ${header} dscp set cs0`,
    ),
  ];
}

/** The node's own processes judge nothing, and what was forwarded under the node's address is marked as that. */
export function sayingChains(podNetworks: readonly string[]): [string, ChainLayout][] {
  const masqueraded = 'ct status snat ct direction original';
  const marked = (bit: string): string => `${masqueraded} ct mark and ${BOTH_BITS} == ${bit}`;
  const set = (dscp: number, bits: string, only = ''): string[] =>
    perFamily((header) => `${marked(bits)} ${only}${header} dscp set ${dscp}`);
  const toNodes = (header: 'ip' | 'ip6', family: 4 | 6, dscp: number): string =>
    `${marked(FORWARDED_BIT)} ${header} daddr @judging_${family} ${header} dscp set ${dscp}`;
  return [
    [
      'hook_own',
      {
        hook: 'type filter hook output priority filter - 11; policy accept;',
        rules: perFamily((header) => `${header} dscp ${WORDS} ${header} dscp set cs0`),
      },
    ],
    [
      'hook_leaving',
      {
        // After the source was translated.
        hook: 'type filter hook postrouting priority 110; policy accept;',
        rules: [
          ...set(ALLOWED, BOTH_BITS),
          ...set(FORWARDED, FORWARDED_BIT, 'ct status dnat '),
          ...podNetworks.map((network) => {
            const header = HEADERS[isIpv6(network) ? 6 : 4];
            return `${marked(FORWARDED_BIT)} ${header} daddr ${network} ${header} dscp set ${FORWARDED}`;
          }),
          ...perFamily((header, family) => toNodes(header, family, FORWARDED)),
          ...podNetworks.map((network) => {
            const family = isIpv6(network) ? 6 : 4;
            const header = HEADERS[family];
            return `ct original ${header} saddr ${network} ${toNodes(header, family, OF_A_POD)}`;
          }),
        ],
      },
    ],
  ];
}
