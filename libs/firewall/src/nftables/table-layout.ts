/**
 * Model → the table as sets and chains, every chain a list of finished nft rules. Both the full text and every delta are
 * printed from layouts, so that a table that grew by deltas and one that was loaded whole are the same.
 *
 *   hook_in ─▶ m_fast ─(mark of this generation)─▶ m_there_… | m_back_… ─▶ accept
 *      └─▶ p_in ─(class of the peer)─▶ vmap (protocol, port) ─▶ s_in_… ─▶ v_allow | v_deny ─▶ … ─▶ v_unmatched
 *
 * Inbound rules match `ct original`, outbound rules `ct reply`: one chain serves both directions of a flow, also under NAT.
 * The base chains' policy stays `accept` and the last rule drops: a `policy drop` leaks while a table is replaced.
 */
import type { EnforcementMode } from '@ringfence/contracts';
import {
  FAMILIES,
  FLOW_TABLES,
  flowSetDeclaration,
  flowSetName,
  halfWriterChain,
  bookingRules,
  HALVES,
  PORTED,
  SWITCHED,
  SWITCHED_TABLES,
  writerChain,
} from './flow-sets.js';
import { isEnforced } from '../model/firewall.model.js';
import type { FirewallModel } from '../model/firewall.model.js';
import { RealmClasses } from './class-layout.js';
import type { Realm } from './class-layout.js';
import type { PeerClasses } from './class-members.js';
import { guardLayout } from './guard-layout.js';
import { hiddenJudgement, judgedChain, judgedEntry, judgingChain, judgingSets } from './judgement.js';
import type { ChainLayout, SetLayout, TableLayout } from './nft-layout.js';
import { REVISION_CHAIN } from './own-table.js';
import { policyChains } from './policy-layout.js';
import type { Ends } from './policy-layout.js';

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

export interface PolicyLayout extends TableLayout {
  readonly classes: ReadonlyMap<Realm, PeerClasses>;
}

/** `before`: of any other model, to be quicker where only addresses came and went since. */
export function policyLayout(model: FirewallModel, before?: PolicyLayout): PolicyLayout {
  const { guard, peers } = model;
  const classes = new RealmClasses(peers, before?.classes);
  const parts = [
    ...(isEnforced(model) ? filterLayouts(model, classes) : []),
    ...(guard === null ? [] : [guardLayout(guard, classes, isEnforced(model))]),
    ...(isTold(model) || guard !== null ? [judgingSets(model.judging, peers)] : []),
  ];
  return {
    sets: new Map(parts.flatMap(({ sets }) => [...sets])),
    chains: new Map(parts.flatMap(({ chains }) => [...chains])),
    classes: classes.made,
  };
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
      keyword: 'set',
      declaration: 'type inet_proto;',
      elements: ['tcp', 'udp', 'udplite', 'dccp', 'sctp'],
      interval: false,
    },
  ],
  ...HALVES.flatMap((half) =>
    FLOW_TABLES.flatMap((table) =>
      FAMILIES.map((family): [string, SetLayout] => [
        flowSetName(table, family, half),
        { keyword: 'set', declaration: flowSetDeclaration(family), elements: [], interval: false },
      ]),
    ),
  ),
]);

function filterLayouts(model: FirewallModel, classes: RealmClasses): TableLayout[] {
  const judged = judgedChains(model);
  const own = [...verdictChains(model), ...judged, ...hookChains(model.kind)];
  return [
    { sets: new Map(), chains: new Map(own) },
    policyChains('in', model.ingress, classes, {
      entry: judged.length > 0 ? judgedEntry() : [],
      ends: endsOf(model, 'ingress'),
      port: model.kind === 'pod' ? 'called' : 'answering',
    }),
    policyChains('out', model.egress, classes, { ends: endsOf(model, 'egress'), port: 'answering' }),
  ];
}

/** Who is told by nodes whom it cannot see: a Pod, and a node in the modes in which what no rule matches is not let in. */
function isTold({ mode, judging, hidden }: FirewallModel): boolean {
  return judging.length > 0 && (hidden === null || mode === 'full' || mode === 'visibility_only');
}

function judgedChains(model: FirewallModel): [string, ChainLayout][] {
  if (!isTold(model)) return [];
  const judged =
    model.hidden === null ? [judgedChain(endsOf(model, 'ingress'))] : hiddenJudgement(model.hidden);
  return [judgingChain(), ...judged];
}

function revisionText(model: FirewallModel): string {
  return `kind=${model.kind} mode=${model.mode} revision=${model.revision} generation=${model.generation} half=${model.half}`;
}

function writerChains(half: 0 | 1): [string, ChainLayout][] {
  const switches = SWITCHED_TABLES.map((table): [string, ChainLayout] => [
    writerChain(table),
    { rules: [`goto ${halfWriterChain(table, half)}`] },
  ]);
  return [...HALF_WRITERS, ...switches];
}

/** What a packet of an approved connection passes is written where it is counted, not jumped to. */
const HALF_WRITERS = HALVES.flatMap((half): [string, ChainLayout][] => [
  ...SWITCHED_TABLES.map((table): [string, ChainLayout] => [
    halfWriterChain(table, half),
    { rules: bookingRules(table, half, SWITCHED[table]) },
  ]),
  [
    `m_there_${half}`,
    {
      rules: [
        `${BARE_SYN} return`,
        `ct direction reply goto m_back_${half}`,
        ...bookingRules('bo', half, 'accept'),
      ],
    },
  ],
  [`m_back_${half}`, { rules: bookingRules('br', half, 'accept') }],
]);

/**
 * The only chains that a new generation rewrites. The comparison is positive, and comes before everything else: what has no
 * conntrack entry (invalid packets, neighbour discovery) never matches.
 */
function markChains({ generation, half }: FirewallModel): [string, ChainLayout][] {
  const mark = `0x${generation.toString(16).padStart(4, '0')}0000`;
  return [
    ['m_approve', { rules: [`ct mark set ct mark and 0x0000ffff or ${mark} accept`] }],
    ['m_fast', { rules: [`ct mark and 0xffff0000 == ${mark} goto m_there_${half}`] }],
  ];
}

/**
 * Mode is only here. A bare SYN may be "established" for conntrack (ports reused within seconds): it is a new connection
 * all the same. A reply packet is never booked as a flow of its own.
 */
function verdictChains({ mode, isolated }: FirewallModel): [string, ChainLayout][] {
  const booked = (writer: string): string[] => [
    `ct state new goto ${writer}`,
    `ct state established ${BARE_SYN} goto ${writer}`,
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
          'ct direction original goto w_nb',
          'drop',
        ],
      },
    ],
    ...endChains('v', mode),
    ...(isolated === undefined ? [] : endChains('i', 'full')),
    // It has no direction, and who is isolated in one has no use for it in the other.
    [
      'v_invalid',
      { rules: ['counter name c_invalid', drops(mode) || isolated !== undefined ? 'drop' : 'accept'] },
    ],
  ];
}

const drops = (mode: EnforcementMode): boolean => mode === 'full' || mode === 'selective';

/** Where a packet ends that nothing let through. */
function endChains(ends: Ends, mode: EnforcementMode): [string, ChainLayout][] {
  return [
    [`${ends}_deny`, { rules: [drops(mode) ? 'goto v_block' : 'goto v_potential'] }],
    [`${ends}_unmatched`, { rules: [mode === 'full' ? 'goto v_block' : 'goto v_potential'] }],
  ];
}

const endsOf = ({ isolated }: FirewallModel, direction: 'ingress' | 'egress'): Ends =>
  isolated?.[direction] === true ? 'i' : 'v';

/**
 * An error that speaks of a connection of this generation has passed in `m_fast`; of any other, the next packet of the
 * connection itself must be judged first. Of what a node only forwards it has judged nothing, and must report errors.
 * Nothing that stands behind it concerns what is new (neighbours are nothing to conntrack): it goes first because it is what
 * waits.
 */
function hookChains(kind: FirewallModel['kind']): [string, ChainLayout][] {
  const ofForwarded = kind === 'host' ? [`${ICMP_ERROR} ct mark and 0xffff0000 == 0 accept`] : [];
  const hook = (
    interfaceKey: string,
    [own, opposite]: readonly [string, string],
    errors: readonly string[] = [],
  ): string[] => [
    'jump m_fast',
    `ct state new ${interfaceKey} != "lo" goto ${own}`,
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
        rules: hook('iif', ['p_in', 'p_out']),
      },
    ],
    [
      'hook_out',
      {
        hook: 'type filter hook output priority filter - 10; policy accept;',
        rules: hook('oif', ['p_out', 'p_in'], ofForwarded),
      },
    ],
  ];
}
