/** Whom a policy selects, for which directions, and what its rules are together. */
import {
  BANK_DB,
  BOX_DB,
  DB,
  EVERYBODY_DB,
  from,
  inShop,
  on,
  OUTSIDE,
  row,
  TILL_DB,
  WEB,
  WEB_DB,
} from './truth-town.js';
import type { Truth } from './truth-town.js';

export const SELECTED: readonly Truth[] = [
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

export const TYPES: readonly Truth[] = [
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

export const RULES: readonly Truth[] = [
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
