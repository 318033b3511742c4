/**
 * Model → the table as sets and chains, every chain a list of finished nft rules. Both the full text and every delta are
 * printed from layouts, so that a table that grew by deltas and one that was loaded whole are the same.
 *
 *   hook_in ─▶ m_fast ─(mark of this generation)─▶ m_there_… | m_back_… ─▶ accept
 *      └─▶ p_in ─vmap (protocol, port)─▶ s_in_… ─▶ v_allow | v_deny      ─▶ … ─▶ v_unmatched
 *
 * Inbound rules match `ct original`, outbound rules `ct reply`: one chain serves both directions of a flow, also under NAT.
 * The base chains' policy stays `accept` and the last rule drops: a `policy drop` leaks while a table is replaced.
 */
import type { EnforcementMode, RuleClass } from '@ringfence/contracts';
import {
  FAMILIES,
  FLOW_TABLES,
  flowSetDeclaration,
  flowSetName,
  halfWriterChain,
  flowUpdates,
  halfWriterRules,
  HALVES,
  PORTED,
  SWITCHED,
  writerChain,
} from './flow-sets.js';
import { isEnforced } from './firewall.model.js';
import type { DirectionPolicy, FirewallModel, PeerSet, PortSegment } from './firewall.model.js';
import { guardChains } from './guard-layout.js';
import { judgedChain, judgedEntry } from './judgement.js';
import { peerSetName, serviceChainName } from './names.js';
import type { ChainLayout, SetLayout, TableLayout } from './nft-layout.js';
import { REVISION_CHAIN } from './own-table.js';
import { lookups, verdictChain } from './peer-lookups.js';
import { ICMP, ICMPV6, KEYED_PROTOCOLS } from './port-segments.js';

const BARE_SYN = 'tcp flags & (fin | syn | rst | ack) == syn';
const DISCOVERY = 'nd-router-solicit, nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert';
const LISTENERS = 'mld-listener-query, mld-listener-report, mld-listener-done, mld2-listener-report';
/** Only of neighbours (RFC 4861, 2710, 3810): what could have been routed is neither, and conntrack has no eye for it. */
const NEIGHBOURS = [
  `icmpv6 type { ${DISCOVERY} } ip6 hoplimit 255 accept`,
  `icmpv6 type { ${LISTENERS} } ip6 hoplimit 1 ip6 saddr { ::, fe80::/10 } accept`,
  `icmpv6 type { ${DISCOVERY}, ${LISTENERS} } goto v_invalid`,
];
const ICMP_ERROR = 'ct state related meta l4proto { icmp, ipv6-icmp }';

/** Two parts that share no name: what the policy says, and what every table has for its own upkeep. */
export function tableLayout(model: FirewallModel): TableLayout {
  const [policy, upkeep] = [policyLayout(model), upkeepLayout(model)];
  return {
    sets: new Map([...upkeep.sets, ...policy.sets]),
    chains: new Map([...upkeep.chains, ...policy.chains]),
  };
}

export function policyLayout(model: FirewallModel): TableLayout {
  const sets = new Map<string, SetLayout>();
  for (const [group, peers] of model.peers) addPeerSets(sets, group, peers);
  const chains = new Map<string, ChainLayout>([
    ...(isEnforced(model) ? filterChains(model) : []),
    ...(model.guard === null
      ? []
      : guardChains(model.guard, model.peers, { judging: model.judging, hasFlowSets: isEnforced(model) })),
  ]);
  return { sets, chains };
}

/** Flow sets, marks and the revision: changes with every transaction, whatever that is about. */
export function upkeepLayout(model: FirewallModel): TableLayout {
  const revision: [string, ChainLayout] = [
    REVISION_CHAIN,
    { rules: [`return comment "${revisionText(model)}"`] },
  ];
  if (!isEnforced(model)) return { sets: new Map(), chains: new Map([revision]) };
  return {
    sets: FLOW_SETS,
    chains: new Map([...writerChains(model.half), ...markChains(model), revision]),
  };
}

const FLOW_SETS: ReadonlyMap<string, SetLayout> = new Map<string, SetLayout>([
  [
    PORTED,
    {
      declaration: 'type inet_proto;',
      elements: ['tcp', 'udp', 'udplite', 'dccp', 'sctp'],
      interval: false,
    },
  ],
  ...HALVES.flatMap((half) =>
    FLOW_TABLES.flatMap((table) =>
      FAMILIES.map((family): [string, SetLayout] => [
        flowSetName(table, family, half),
        { declaration: flowSetDeclaration(family), elements: [], interval: false },
      ]),
    ),
  ),
]);

function filterChains(model: FirewallModel): [string, ChainLayout][] {
  return [
    ...verdictChains(model.mode),
    ...policyChains('in', model.ingress, model.peers, isTold(model) ? judgedEntry(model.judging) : []),
    ...policyChains('out', model.egress, model.peers),
    ...(isTold(model) ? [judgedChain()] : []),
    ...hookChains(model.kind),
  ];
}

/** A Pod is told by nodes whom it cannot see. */
const isTold = ({ kind, judging }: FirewallModel): boolean => kind === 'pod' && judging.length > 0;

export function revisionText(model: FirewallModel): string {
  return `kind=${model.kind} mode=${model.mode} revision=${model.revision} generation=${model.generation} half=${model.half}`;
}

function addPeerSets(sets: Map<string, SetLayout>, group: string, peers: PeerSet): void {
  sets.set(peerSetName('h', group, 4), {
    declaration: 'type ipv4_addr;',
    elements: peers.hosts4,
    interval: false,
  });
  sets.set(peerSetName('h', group, 6), {
    declaration: 'type ipv6_addr;',
    elements: peers.hosts6,
    interval: false,
  });
  for (const family of FAMILIES) {
    const cidrs = family === 4 ? peers.cidrs4 : peers.cidrs6;
    if (cidrs.length === 0) continue;
    sets.set(peerSetName('n', group, family), {
      declaration: `type ipv${family}_addr; flags interval;`,
      elements: cidrs,
      interval: true,
    });
  }
}

function writerChains(half: 0 | 1): [string, ChainLayout][] {
  const switches = SWITCHED.map((table): [string, ChainLayout] => [
    writerChain(table),
    { rules: [`goto ${halfWriterChain(table, half)}`] },
  ]);
  return [...HALF_WRITERS, ...switches];
}

/** What a packet of an approved connection passes is written where it is counted, not jumped to. */
const HALF_WRITERS = HALVES.flatMap((half): [string, ChainLayout][] => [
  ...SWITCHED.map((table): [string, ChainLayout] => [
    halfWriterChain(table, half),
    { rules: halfWriterRules(table, half) },
  ]),
  [
    `m_there_${half}`,
    {
      rules: [
        `${BARE_SYN} return`,
        `ct direction reply goto m_back_${half}`,
        ...flowUpdates('bo', half, 'accept'),
        'counter name c_overflow accept',
      ],
    },
  ],
  [`m_back_${half}`, { rules: [...flowUpdates('br', half, 'accept'), 'counter name c_overflow accept'] }],
]);

/**
 * The only chains that a new generation rewrites. The comparison is positive, and comes before everything else: what has no
 * conntrack entry (invalid packets, neighbour discovery) never matches.
 */
function markChains({ generation, half }: FirewallModel): [string, ChainLayout][] {
  const mark = `0x${generation.toString(16).padStart(4, '0')}0000`;
  return [
    ['m_approve', { rules: [`ct mark set ct mark and 0x0000ffff or ${mark}`, 'accept'] }],
    ['m_fast', { rules: [`ct mark and 0xffff0000 == ${mark} goto m_there_${half}`] }],
  ];
}

/**
 * Mode is only here. A bare SYN may be "established" for conntrack (ports reused within seconds): it is a new connection
 * all the same. A reply packet is never booked as a flow of its own.
 */
function verdictChains(mode: EnforcementMode): [string, ChainLayout][] {
  const drops = mode === 'full' || mode === 'selective';
  const booked = (writer: string): string[] => [
    `ct state new jump ${writer}`,
    `ct state established ${BARE_SYN} jump ${writer}`,
    'goto m_approve',
  ];
  return [
    ['v_allow', { rules: booked('w_na') }],
    ['v_potential', { rules: booked('w_np') }],
    [
      'v_block',
      {
        rules: [
          'ct state established,related counter name c_stale',
          'ct direction original jump w_nb',
          'drop',
        ],
      },
    ],
    ['v_deny', { rules: [drops ? 'goto v_block' : 'goto v_potential'] }],
    ['v_unmatched', { rules: [mode === 'full' ? 'goto v_block' : 'goto v_potential'] }],
    ['v_invalid', { rules: ['counter name c_invalid', drops ? 'drop' : 'accept'] }],
  ];
}

/**
 * An error that speaks of a connection of this generation has passed in `m_fast`; of any other, the next packet of the
 * connection itself must be judged first. Of what a node only forwards it has judged nothing, and must report errors.
 */
function hookChains(kind: FirewallModel['kind']): [string, ChainLayout][] {
  const ofForwarded = kind === 'host' ? [`${ICMP_ERROR} ct mark and 0xffff0000 == 0 accept`] : [];
  const hook = (
    interfaceKey: string,
    [own, opposite]: readonly [string, string],
    errors: readonly string[] = [],
  ): string[] => [
    'jump m_fast',
    `${interfaceKey} "lo" accept`,
    ...NEIGHBOURS,
    'ct state invalid goto v_invalid',
    `${BARE_SYN} goto ${own}`,
    ...errors,
    `${ICMP_ERROR} goto v_invalid`,
    `ct direction original goto ${own}`,
    `goto ${opposite}`,
  ];
  return [
    [
      'hook_in',
      {
        hook: 'type filter hook input priority filter - 10; policy accept;',
        rules: hook('iifname', ['p_in', 'p_out']),
      },
    ],
    [
      'hook_out',
      {
        hook: 'type filter hook output priority filter - 10; policy accept;',
        rules: hook('oifname', ['p_out', 'p_in'], ofForwarded),
      },
    ],
  ];
}

function policyChains(
  direction: 'in' | 'out',
  policy: DirectionPolicy,
  peers: ReadonlyMap<string, PeerSet>,
  entry: readonly string[] = [],
): [string, ChainLayout][] {
  const services = new Map<string, ChainLayout>();
  const known = new Map<string, string>();
  const dispatch = new Map<number, string[]>();
  for (const segment of policy.segments) {
    const content = JSON.stringify(segment.rules.map((rule) => [verdictChain(rule.class), rule.peers]));
    const name = known.get(content) ?? serviceChainName(direction, segment.proto, segment.from);
    known.set(content, name);
    if (!services.has(name))
      services.set(name, { rules: lookups(segment.rules, peers, addressKey(direction), verdictOf) });
    dispatch.set(segment.proto, [...(dispatch.get(segment.proto) ?? []), `${keys(segment)} : jump ${name}`]);
  }
  const rules = [...dispatch].map(([proto, entries]) => dispatchRule(direction, proto, entries));
  const anyProtocol = lookups(policy.anyProtocol, peers, addressKey(direction), verdictOf);
  return [
    ...services,
    [`p_${direction}`, { rules: [...entry, ...rules, ...anyProtocol, 'goto v_unmatched'] }],
  ];
}

/** `jump`, not `goto`: what a service's chain leaves undecided comes back and ends in `v_unmatched`, never in the policy. */
function dispatchRule(direction: 'in' | 'out', proto: number, entries: readonly string[]): string {
  if (!KEYED_PROTOCOLS.has(proto)) return `meta l4proto ${proto} ${(entries[0] ?? '').replace(/^.* : /, '')}`;
  // The reply tuple of ICMP has the echo's id in its source "port": type and code stand in the original tuple only.
  const key =
    direction === 'in' || proto === ICMP || proto === ICMPV6 ? 'ct original proto-dst' : 'ct reply proto-src';
  return `meta l4proto ${proto} ${key} vmap { ${entries.join(', ')} }`;
}

function keys(segment: PortSegment): string {
  return segment.from === segment.to ? `${segment.from}` : `${segment.from}-${segment.to}`;
}

function addressKey(direction: 'in' | 'out'): (family: 4 | 6) => string {
  return (family) => `ct ${direction === 'in' ? 'original' : 'reply'} ${family === 4 ? 'ip' : 'ip6'} saddr`;
}

function verdictOf(ruleClass: RuleClass): string {
  return `goto ${verdictChain(ruleClass)}`;
}
