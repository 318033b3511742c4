/**
 * What NetworkPolicies mean, as a table: every field, what is empty against what is absent, and what changes while they stand. Each row
 * is a cluster of few Pods, policies as people write them, and who then gets through to whom. Whatever enforces them is held against it.
 */
import type { JudgedCluster, JudgedPod, PodTraffic, TrafficEnd } from './naive-network-policies.js';

/** As in a manifest; `in` is the policy's namespace. */
export interface WrittenPolicy {
  readonly in: string;
  readonly spec: unknown;
}
export interface TruthStep {
  /** `shop/db` gets these labels. */
  readonly pods?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly namespaces?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** All that there are from then on. */
  readonly policies?: readonly WrittenPolicy[];
  /** `bank/web > shop/db tcp 5432` */
  readonly passes: readonly string[];
  readonly cut: readonly string[];
}
export interface Truth {
  readonly says: string;
  readonly steps: readonly TruthStep[];
}

const [TCP, UDP, SCTP] = [6, 17, 132];
const PROTOCOLS: Readonly<Record<string, number>> = { tcp: TCP, udp: UDP, sctp: SCTP, icmp: 1 };

const pod = (
  path: string,
  labels: Readonly<Record<string, string>>,
  address: string,
  namedPorts: JudgedPod['namedPorts'] = [],
): JudgedPod => {
  const [namespace = '', name = ''] = path.split('/');
  return { namespace, name, labels, addresses: [address], node: 'n1', hostNetwork: false, namedPorts };
};

export const TRUTH_CLUSTER: Omit<JudgedCluster, 'policies'> = {
  namespaces: new Map<string, Readonly<Record<string, string>>>([
    ['shop', { team: 'red', stage: 'prod' }],
    ['bank', { team: 'blue' }],
    ['attic', {}],
  ]),
  pods: [
    pod('shop/web', { app: 'web', tier: 'front' }, '10.0.0.1', [{ name: 'http', proto: TCP, port: 8080 }]),
    pod('shop/db', { app: 'db' }, '10.0.0.2', [
      { name: 'sql', proto: TCP, port: 5432 },
      { name: 'http', proto: TCP, port: 9090 },
      { name: 'http', proto: UDP, port: 9091 },
    ]),
    pod('bank/web', { app: 'web' }, '10.0.0.3', [{ name: 'http', proto: TCP, port: 80 }]),
    pod('bank/till', { app: 'till', tier: '' }, '10.0.0.4'),
    pod('attic/box', {}, '10.0.0.5'),
    { ...pod('shop/agent', { app: 'db' }, '172.16.0.1'), hostNetwork: true },
  ],
  nodes: new Map([
    ['172.16.0.1', 'n1'],
    ['172.16.0.2', 'n2'],
  ]),
};

export function trafficOf(cluster: JudgedCluster, text: string): PodTraffic {
  const [from = '', , to = '', proto = '', port = ''] = text.split(' ');
  const end = (name: string): TrafficEnd => {
    const named = cluster.pods.find((each) => `${each.namespace}/${each.name}` === name);
    return named === undefined ? { pod: null, address: name } : { pod: named, address: named.addresses[0]! };
  };
  return { from: end(from), to: end(to), proto: PROTOCOLS[proto]!, port: Number(port) };
}

const inShop = (...specs: readonly unknown[]): WrittenPolicy[] => specs.map((spec) => ({ in: 'shop', spec }));
const row = (
  says: string,
  policies: readonly WrittenPolicy[],
  { passes, cut }: Pick<TruthStep, 'passes' | 'cut'>,
): Truth => ({ says, steps: [{ policies, passes, cut }] });

const DB = { matchLabels: { app: 'db' } };
const WEB = { matchLabels: { app: 'web' } };
/** Of the database: in from these. */
const from = (...peers: readonly unknown[]): unknown => ({ podSelector: DB, ingress: [{ from: peers }] });
/** Of the database: in on these. */
const on = (...ports: readonly unknown[]): unknown => ({ podSelector: DB, ingress: [{ ports }] });
/** Of the shop's web: out to these. */
const to = (...peers: readonly unknown[]): unknown => ({
  podSelector: WEB,
  policyTypes: ['Egress'],
  egress: [{ to: peers }],
});

const OUTSIDE = '192.0.2.1';
const [WEB_DB, BANK_DB, TILL_DB, BOX_DB] = ['shop/web', 'bank/web', 'bank/till', 'attic/box'].map(
  (name) => `${name} > shop/db tcp 5432`,
) as [string, string, string, string];
const OUT_DB = `${OUTSIDE} > shop/db tcp 5432`;
const EVERYBODY_DB = [WEB_DB, BANK_DB, TILL_DB, BOX_DB, OUT_DB];

const SELECTED: readonly Truth[] = [
  row('no policy: everybody reaches everybody', [], { passes: EVERYBODY_DB, cut: [] }),
  row('podSelector {}: every Pod of the namespace, and of no other', inShop({ podSelector: {} }), {
    passes: ['shop/web > bank/web tcp 80', `${OUTSIDE} > bank/web tcp 80`],
    cut: [...EVERYBODY_DB, 'bank/web > shop/web tcp 8080'],
  }),
  row('podSelector absent: as {}', inShop({ policyTypes: ['Ingress'] }), { passes: [], cut: EVERYBODY_DB }),
  row('podSelector null: as {}', inShop({ podSelector: null }), { passes: [], cut: EVERYBODY_DB }),
  row(
    'podSelector with empty lists: as {}',
    inShop({ podSelector: { matchLabels: {}, matchExpressions: [] } }),
    {
      passes: [],
      cut: EVERYBODY_DB,
    },
  ),
  row('matchLabels: those only', inShop({ podSelector: DB }), {
    passes: ['bank/web > shop/web tcp 8080'],
    cut: EVERYBODY_DB,
  }),
  row(
    'several matchLabels: all of them',
    inShop({ podSelector: { matchLabels: { app: 'web', tier: 'front' } } }),
    {
      passes: [BANK_DB],
      cut: ['bank/web > shop/web tcp 8080'],
    },
  ),
  row(
    'a label with an empty value is not an absent one',
    [{ in: 'bank', spec: { podSelector: { matchLabels: { tier: '' } } } }],
    { passes: ['shop/db > bank/web tcp 80'], cut: ['shop/db > bank/till tcp 80'] },
  ),
  ...(
    [
      ['In', { key: 'app', operator: 'In', values: ['db', 'x'] }, ['db']],
      [
        'NotIn, also where the label is absent',
        { key: 'tier', operator: 'NotIn', values: ['front'] },
        ['db'],
      ],
      ['Exists', { key: 'tier', operator: 'Exists' }, ['web']],
      ['DoesNotExist', { key: 'tier', operator: 'DoesNotExist', values: [] }, ['db']],
    ] as const
  ).map(([says, requirement, isolated]) =>
    row(`matchExpressions ${says}`, inShop({ podSelector: { matchExpressions: [requirement] } }), {
      passes: isolated.some((name) => name === 'db') ? ['bank/web > shop/web tcp 8080'] : [BANK_DB],
      cut: isolated.some((name) => name === 'db') ? [BANK_DB] : ['bank/web > shop/web tcp 8080'],
    }),
  ),
  row(
    'matchLabels and matchExpressions: both',
    inShop({
      podSelector: { ...WEB, matchExpressions: [{ key: 'tier', operator: 'DoesNotExist' }] },
    }),
    { passes: ['bank/web > shop/web tcp 8080', BANK_DB], cut: [] },
  ),
  row('a Pod on its node’s network is not selected, and no peer either', inShop(from({ podSelector: DB })), {
    passes: ['bank/web > shop/agent tcp 80'],
    cut: ['172.16.0.2 > shop/db tcp 5432'],
  }),
];

const TYPES: readonly Truth[] = [
  row('policyTypes absent, no egress rule: Ingress', inShop({ podSelector: DB }), {
    passes: ['shop/db > bank/web tcp 80'],
    cut: EVERYBODY_DB,
  }),
  row('policyTypes []: as absent', inShop({ podSelector: DB, policyTypes: [] }), {
    passes: ['shop/db > bank/web tcp 80'],
    cut: EVERYBODY_DB,
  }),
  row('policyTypes absent, egress []: Ingress only', inShop({ podSelector: DB, egress: [] }), {
    passes: ['shop/db > bank/web tcp 80'],
    cut: [WEB_DB],
  }),
  row(
    'policyTypes absent, an egress rule: both',
    inShop({ podSelector: DB, egress: [{ ports: [{ port: 80 }] }] }),
    {
      passes: ['shop/db > bank/web tcp 80'],
      cut: [WEB_DB, 'shop/db > bank/web tcp 81'],
    },
  ),
  row('policyTypes Egress: nothing of ingress', inShop({ podSelector: DB, policyTypes: ['Egress'] }), {
    passes: EVERYBODY_DB,
    cut: ['shop/db > bank/web tcp 80', `shop/db > ${OUTSIDE} udp 53`],
  }),
  row(
    'policyTypes Egress: its ingress rules mean nothing',
    inShop({
      podSelector: DB,
      policyTypes: ['Egress'],
      ingress: [{ from: [{ podSelector: WEB }] }],
    }),
    { passes: EVERYBODY_DB, cut: ['shop/db > shop/web tcp 8080'] },
  ),
  row(
    'policyTypes Ingress: its egress rules mean nothing',
    inShop({
      podSelector: DB,
      policyTypes: ['Ingress'],
      egress: [{ to: [{ podSelector: WEB }] }],
    }),
    { passes: ['shop/db > bank/web tcp 80'], cut: EVERYBODY_DB },
  ),
  row(
    'policyTypes of both, no rules: nothing at all',
    inShop({ podSelector: DB, policyTypes: ['Ingress', 'Egress'] }),
    {
      passes: ['shop/web > bank/web tcp 80'],
      cut: [...EVERYBODY_DB, 'shop/db > shop/web tcp 8080', `shop/db > ${OUTSIDE} tcp 443`],
    },
  ),
];

const RULES: readonly Truth[] = [
  row('ingress []: nobody', inShop({ podSelector: DB, ingress: [] }), { passes: [], cut: EVERYBODY_DB }),
  row('ingress null: nobody', inShop({ podSelector: DB, ingress: null }), { passes: [], cut: EVERYBODY_DB }),
  row('ingress [{}]: everybody, everything', inShop({ podSelector: DB, ingress: [{}] }), {
    passes: [...EVERYBODY_DB, 'bank/web > shop/db sctp 7', `${OUTSIDE} > shop/db udp 53`],
    cut: [],
  }),
  row(
    'egress [{}]: everybody, everything',
    inShop({ podSelector: DB, policyTypes: ['Egress'], egress: [{}] }),
    {
      passes: ['shop/db > bank/web tcp 80', `shop/db > ${OUTSIDE} udp 53`],
      cut: [],
    },
  ),
  row('from []: everybody', inShop({ podSelector: DB, ingress: [{ from: [] }] }), {
    passes: EVERYBODY_DB,
    cut: [],
  }),
  row('from null: everybody', inShop({ podSelector: DB, ingress: [{ from: null }] }), {
    passes: EVERYBODY_DB,
    cut: [],
  }),
  row('to []: everybody', inShop({ podSelector: DB, policyTypes: ['Egress'], egress: [{ to: [] }] }), {
    passes: ['shop/db > bank/web tcp 80'],
    cut: [],
  }),
  row(
    'ports []: every port of every protocol',
    inShop({
      podSelector: DB,
      ingress: [{ from: [{ podSelector: WEB }], ports: [] }],
    }),
    { passes: [WEB_DB, 'shop/web > shop/db udp 1', 'shop/web > shop/db sctp 9'], cut: [BANK_DB] },
  ),
  row(
    'rules are ORed, and within one peers and ports ANDed',
    inShop({
      podSelector: DB,
      ingress: [
        { from: [{ podSelector: WEB }], ports: [{ port: 1 }] },
        { from: [{ namespaceSelector: { matchLabels: { team: 'blue' } } }], ports: [{ port: 2 }] },
      ],
    }),
    {
      passes: ['shop/web > shop/db tcp 1', 'bank/web > shop/db tcp 2'],
      cut: ['shop/web > shop/db tcp 2', 'bank/web > shop/db tcp 1'],
    },
  ),
  row('policies are ORed', inShop(from({ podSelector: WEB }), on({ port: 7 }), { podSelector: {} }), {
    passes: [WEB_DB, 'attic/box > shop/db tcp 7'],
    cut: [BOX_DB],
  }),
  row(
    'both ends must let it',
    [
      ...inShop(from({ namespaceSelector: {} })),
      { in: 'bank', spec: { podSelector: {}, policyTypes: ['Egress'] } },
    ],
    { passes: [WEB_DB, BOX_DB], cut: [BANK_DB, TILL_DB] },
  ),
];

const PEERS: readonly Truth[] = [
  row('podSelector alone: of the policy’s namespace', inShop(from({ podSelector: WEB })), {
    passes: [WEB_DB],
    cut: [BANK_DB, OUT_DB],
  }),
  row('podSelector {}: all of the policy’s namespace', inShop(from({ podSelector: {} })), {
    passes: [WEB_DB],
    cut: [BANK_DB, BOX_DB, OUT_DB],
  }),
  row(
    'namespaceSelector alone: all of its Pods',
    inShop(from({ namespaceSelector: { matchLabels: { team: 'blue' } } })),
    {
      passes: [BANK_DB, TILL_DB],
      cut: [WEB_DB, BOX_DB, OUT_DB],
    },
  ),
  row(
    'namespaceSelector {}: Pods of every namespace, and nobody else',
    inShop(from({ namespaceSelector: {} })),
    {
      passes: [WEB_DB, BANK_DB, TILL_DB, BOX_DB],
      cut: [OUT_DB],
    },
  ),
  row(
    'podSelector {} beside namespaceSelector: all of those namespaces',
    inShop(from({ podSelector: {}, namespaceSelector: { matchLabels: { team: 'blue' } } })),
    { passes: [BANK_DB, TILL_DB], cut: [WEB_DB] },
  ),
  row('namespaceSelector null: absent', inShop(from({ podSelector: WEB, namespaceSelector: null })), {
    passes: [WEB_DB],
    cut: [BANK_DB],
  }),
  row(
    'both selectors in one peer: ANDed',
    inShop(from({ podSelector: WEB, namespaceSelector: { matchLabels: { team: 'blue' } } })),
    { passes: [BANK_DB], cut: [WEB_DB, TILL_DB] },
  ),
  row(
    'in two peers: ORed',
    inShop(from({ podSelector: WEB }, { namespaceSelector: { matchLabels: { team: 'blue' } } })),
    { passes: [WEB_DB, BANK_DB, TILL_DB], cut: [BOX_DB] },
  ),
  row(
    'a namespace without the label: NotIn',
    inShop(
      from({
        namespaceSelector: { matchExpressions: [{ key: 'team', operator: 'NotIn', values: ['blue'] }] },
      }),
    ),
    { passes: [WEB_DB, BOX_DB], cut: [BANK_DB] },
  ),
  row('egress to a selector', inShop(to({ podSelector: DB })), {
    passes: [WEB_DB, 'bank/web > shop/web tcp 8080'],
    cut: ['shop/web > bank/web tcp 80', `shop/web > ${OUTSIDE} tcp 443`],
  }),
  row('ipBlock', inShop(from({ ipBlock: { cidr: '192.0.2.0/24' } })), {
    passes: [OUT_DB, '192.0.2.255 > shop/db udp 9'],
    cut: [WEB_DB, '192.0.3.1 > shop/db tcp 5432'],
  }),
  row(
    'ipBlock with except',
    inShop(from({ ipBlock: { cidr: '192.0.2.0/24', except: ['192.0.2.128/25', '192.0.2.7/32'] } })),
    {
      passes: [OUT_DB, '192.0.2.127 > shop/db tcp 1'],
      cut: ['192.0.2.7 > shop/db tcp 1', '192.0.2.128 > shop/db tcp 1'],
    },
  ),
  row('ipBlock with except []: as absent', inShop(from({ ipBlock: { cidr: '192.0.2.0/24', except: [] } })), {
    passes: [OUT_DB],
    cut: [WEB_DB],
  }),
  row(
    'what one ipBlock excepts another may let in',
    inShop(
      from(
        { ipBlock: { cidr: '192.0.2.0/24', except: ['192.0.2.0/25'] } },
        { ipBlock: { cidr: '192.0.2.1/32' } },
      ),
    ),
    { passes: [OUT_DB, '192.0.2.200 > shop/db tcp 1'], cut: ['192.0.2.2 > shop/db tcp 1'] },
  ),
  row('ipBlock with host bits: its network', inShop(from({ ipBlock: { cidr: '192.0.2.77/24' } })), {
    passes: [OUT_DB],
    cut: [],
  }),
  row('ipBlock that holds Pods: Pods by their address', inShop(from({ ipBlock: { cidr: '10.0.0.3/32' } })), {
    passes: [BANK_DB],
    cut: [WEB_DB, TILL_DB],
  }),
  row('ipBlock of everything is of its family', inShop(from({ ipBlock: { cidr: '::/0' } })), {
    passes: ['2001:db8::1 > shop/db tcp 1'],
    cut: [OUT_DB],
  }),
  row('egress to an ipBlock', inShop(to({ ipBlock: { cidr: '192.0.2.0/24' } })), {
    passes: [`shop/web > ${OUTSIDE} tcp 443`],
    cut: [WEB_DB, 'shop/web > 198.51.100.1 tcp 443'],
  }),
  row(
    'between a node and its own Pods nothing is cut',
    inShop({ podSelector: {}, policyTypes: ['Ingress', 'Egress'] }),
    {
      passes: ['172.16.0.1 > shop/db tcp 5432', 'shop/db > 172.16.0.1 tcp 10250'],
      cut: ['172.16.0.2 > shop/db tcp 5432', 'shop/db > 172.16.0.2 tcp 10250'],
    },
  ),
  row('nobody is cut off from himself', inShop({ podSelector: {}, policyTypes: ['Ingress', 'Egress'] }), {
    passes: ['shop/db > shop/db tcp 5432'],
    cut: [],
  }),
];

const PORTS: readonly Truth[] = [
  row('a port is of TCP where no protocol is named', inShop(on({ port: 5432 })), {
    passes: [WEB_DB],
    cut: ['shop/web > shop/db udp 5432', 'shop/web > shop/db tcp 5433'],
  }),
  row('{}: every port of TCP', inShop(on({})), {
    passes: [WEB_DB, 'shop/web > shop/db tcp 1'],
    cut: ['shop/web > shop/db udp 1', 'shop/web > shop/db icmp 2048'],
  }),
  row('a protocol alone: all of its ports', inShop(on({ protocol: 'UDP' })), {
    passes: ['shop/web > shop/db udp 1', 'shop/web > shop/db udp 65535'],
    cut: [WEB_DB],
  }),
  row('SCTP', inShop(on({ protocol: 'SCTP', port: 9 })), {
    passes: ['shop/web > shop/db sctp 9'],
    cut: ['shop/web > shop/db tcp 9', 'shop/web > shop/db sctp 8'],
  }),
  row('endPort: both ends are meant', inShop(on({ port: 80, endPort: 82 })), {
    passes: ['shop/web > shop/db tcp 80', 'shop/web > shop/db tcp 82'],
    cut: ['shop/web > shop/db tcp 79', 'shop/web > shop/db tcp 83', 'shop/web > shop/db udp 81'],
  }),
  row('endPort as port: that one', inShop(on({ port: 80, endPort: 80 })), {
    passes: ['shop/web > shop/db tcp 80'],
    cut: ['shop/web > shop/db tcp 81'],
  }),
  row('a named port is the Pod’s own, by its protocol', inShop(on({ port: 'http' })), {
    passes: ['shop/web > shop/db tcp 9090'],
    cut: ['shop/web > shop/db tcp 8080', 'shop/web > shop/db udp 9091', 'shop/web > shop/db tcp 80'],
  }),
  row('the same name of another protocol', inShop(on({ port: 'http', protocol: 'UDP' })), {
    passes: ['shop/web > shop/db udp 9091'],
    cut: ['shop/web > shop/db tcp 9090', 'shop/web > shop/db udp 9090'],
  }),
  row('each selected Pod by its own', inShop({ podSelector: {}, ingress: [{ ports: [{ port: 'http' }] }] }), {
    passes: ['bank/web > shop/db tcp 9090', 'bank/web > shop/web tcp 8080'],
    cut: ['bank/web > shop/db tcp 8080', 'bank/web > shop/web tcp 9090'],
  }),
  row('a name that nobody has: no port', inShop(on({ port: 'ftp' })), { passes: [], cut: EVERYBODY_DB }),
  row(
    'going out a name is the other Pod’s',
    [
      {
        in: 'attic',
        spec: { podSelector: {}, policyTypes: ['Egress'], egress: [{ ports: [{ port: 'http' }] }] },
      },
    ],
    {
      passes: [
        'attic/box > shop/db tcp 9090',
        'attic/box > shop/web tcp 8080',
        'attic/box > bank/web tcp 80',
      ],
      cut: ['attic/box > shop/db tcp 8080', 'attic/box > bank/till tcp 80', `attic/box > ${OUTSIDE} tcp 80`],
    },
  ),
  row(
    'going out, of the peers only',
    inShop({
      podSelector: WEB,
      policyTypes: ['Egress'],
      egress: [{ to: [{ namespaceSelector: { matchLabels: { team: 'blue' } } }], ports: [{ port: 'http' }] }],
    }),
    {
      passes: ['shop/web > bank/web tcp 80'],
      cut: ['shop/web > shop/db tcp 9090', 'shop/web > bank/web tcp 8080'],
    },
  ),
  row(
    'going out to addresses a name means nothing',
    inShop({
      podSelector: WEB,
      policyTypes: ['Egress'],
      egress: [{ to: [{ ipBlock: { cidr: '0.0.0.0/0' } }], ports: [{ port: 'http' }] }],
    }),
    { passes: [], cut: ['shop/web > shop/db tcp 9090', 'shop/web > bank/web tcp 80'] },
  ),
];

const CHANGES: readonly Truth[] = [
  {
    says: 'a Pod that is relabelled is selected, and let in, by what it is now',
    steps: [
      {
        policies: inShop(from({ podSelector: { matchLabels: { tier: 'front' } } })),
        passes: [WEB_DB],
        cut: [BANK_DB],
      },
      { pods: { 'shop/web': { app: 'web' } }, passes: ['bank/web > shop/web tcp 8080'], cut: [WEB_DB] },
      {
        pods: { 'shop/web': { app: 'db', tier: 'front' } },
        passes: [WEB_DB],
        cut: ['bank/web > shop/web tcp 8080'],
      },
      { pods: { 'shop/db': {} }, passes: EVERYBODY_DB, cut: ['bank/web > shop/web tcp 8080'] },
    ],
  },
  {
    says: 'a namespace that is relabelled lets all of its Pods in, or none',
    steps: [
      {
        policies: inShop(from({ namespaceSelector: { matchLabels: { team: 'blue' } } })),
        passes: [BANK_DB],
        cut: [BOX_DB],
      },
      { namespaces: { attic: { team: 'blue' } }, passes: [BANK_DB, BOX_DB], cut: [WEB_DB] },
      { namespaces: { bank: {} }, passes: [BOX_DB], cut: [BANK_DB, TILL_DB] },
    ],
  },
  {
    says: 'a policy that is changed or deleted means what it says now',
    steps: [
      { policies: inShop({ podSelector: DB }), passes: [], cut: EVERYBODY_DB },
      { policies: inShop({ podSelector: DB }, from({ podSelector: WEB })), passes: [WEB_DB], cut: [BANK_DB] },
      {
        policies: inShop({ podSelector: DB }, { podSelector: DB, egress: [{}] }),
        passes: [],
        cut: EVERYBODY_DB,
      },
      { policies: inShop({ podSelector: WEB }), passes: EVERYBODY_DB, cut: ['bank/web > shop/web tcp 8080'] },
      { policies: [], passes: [...EVERYBODY_DB, 'bank/web > shop/web tcp 8080'], cut: [] },
    ],
  },
];

export const TRUTH_TABLE: readonly Truth[] = [
  ...SELECTED,
  ...TYPES,
  ...RULES,
  ...PEERS,
  ...PORTS,
  ...CHANGES,
];
