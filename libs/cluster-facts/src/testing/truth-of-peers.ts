/** Whom a rule names: Pods, namespaces, addresses; on which ports. */
import {
  BANK_DB,
  BOX_DB,
  DB,
  EVERYBODY_DB,
  from,
  inShop,
  on,
  OUT_DB,
  OUTSIDE,
  row,
  TILL_DB,
  to,
  WEB,
  WEB_DB,
} from './truth-town.js';
import type { Truth } from './truth-town.js';

export const PEERS: readonly Truth[] = [
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

export const PORTS: readonly Truth[] = [
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
