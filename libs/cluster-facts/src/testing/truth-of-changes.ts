/** What changes while policies stand. */
import { BANK_DB, BOX_DB, DB, EVERYBODY_DB, from, inShop, TILL_DB, WEB, WEB_DB } from './truth-town.js';
import type { Truth } from './truth-town.js';

export const CHANGES: readonly Truth[] = [
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
