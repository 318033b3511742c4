import type { Actor } from '@ringfence/contracts';
import { specification } from '@ringfence/decider/testing';
import { describe, expect, it } from 'vitest';
import {
  command as commandOf,
  drafted as draftedByFirst,
  ipList,
  provisioned,
  reverted,
  rule,
  ruleSet,
} from '../testing/policy-builders.js';
import { evolve, EMPTY_BOOK } from './policy-book.js';
import type { Chosen, PolicyEvent } from './policy-book.js';
import { policyDecider } from './policy.decider.js';
import type { PolicyIntent } from './policy.decider.js';

const { given } = specification(policyDecider);

const ANN: Actor = { kind: 'user', id: '7' };
const BEN: Actor = { kind: 'user', id: '8' };
const NOON = '2026-03-01T12:00:00.000Z';
const stamp = (by: Actor, at = NOON) => ({ at, by });
const by = (who: Actor, intent: PolicyIntent, at?: string) => commandOf(intent, undefined, stamp(who, at));
const provision = (who: Actor, chosen: Chosen = 'all', at?: string) =>
  by(who, { do: 'provision', chosen, note: '', workloadsAffected: 0 }, at);

const drafted = (who: Actor, ...given: Parameters<typeof draftedByFirst>): PolicyEvent => {
  const { type, data } = draftedByFirst(...given);
  return { type, data: { ...data, touched: { ...data.touched, updated: stamp(who) } } };
};
const switched = (required: boolean, who: Actor = ANN, at = NOON): PolicyEvent => ({
  type: 'SecondPersonChanged',
  data: { id: 'organisation', required, said: stamp(who, at) },
});
const list = (id: string): { type: 'ip_lists'; id: string } => ({ type: 'ip_lists', id });
const asked = switched(true);

describe('where somebody else must provision what one has written', () => {
  it('nobody provisions his own draft, and somebody else does', () => {
    given(asked, drafted(ANN, 'ip_lists', ipList('2')))
      .when(provision(ANN))
      .rejected('second-person-required');
    given(asked, drafted(ANN, 'ip_lists', ipList('2')))
      .when(provision(BEN))
      .then(provisioned(1, ['ip_lists', '2']));
  });

  it('counts everybody who wrote of it since it was in force, not the last one alone', () => {
    const both = [
      asked,
      drafted(ANN, 'ip_lists', ipList('2')),
      drafted(BEN, 'ip_lists', ipList('2', { description: 'a comma' })),
    ];
    for (const who of [ANN, BEN])
      given(...both)
        .when(provision(who))
        .rejected('second-person-required');
    given(...both, provisioned(1, ['ip_lists', '2']), drafted(BEN, 'ip_lists', ipList('2'), 'update'))
      .when(provision(ANN))
      .then(provisioned(2, ['ip_lists', '2', 'update']));
  });

  it('counts whoever marked it for deletion, and whoever wrote a single rule', () => {
    const standing = [
      drafted(BEN, 'rule_sets', ruleSet('1')),
      provisioned(1, ['rule_sets', '1']),
      asked,
    ] as const;
    const written: readonly PolicyIntent[] = [
      { do: 'delete', type: 'rule_sets', id: '1' },
      { do: 'change', type: 'rule_sets', object: ruleSet('1', { rules: [rule('1')] }) },
    ];
    for (const intent of written) {
      const book = [...standing].reduce(evolve, EMPTY_BOOK);
      const events = policyDecider.decide(book, by(ANN, intent)) as readonly PolicyEvent[];
      given(...standing, ...events)
        .when(provision(ANN))
        .rejected('second-person-required');
    }
  });

  it('counts whoever drafts the way back to an older version', () => {
    const standing = [drafted(BEN, 'ip_lists', ipList('2')), provisioned(1, ['ip_lists', '2']), asked];
    const restore: PolicyIntent = {
      do: 'restore',
      objects: [{ type: 'ip_lists', object: ipList('2', { name: 'as it was' }) }],
    };
    const book = standing.reduce(evolve, EMPTY_BOOK);
    const events = policyDecider.decide(book, by(ANN, restore)) as readonly PolicyEvent[];
    given(...standing, ...events)
      .when(provision(ANN))
      .rejected('second-person-required');
    given(...standing, ...events)
      .when(provision(BEN))
      .then(provisioned(2, ['ip_lists', '2', 'update']));
  });

  it('lets him provision what others wrote, and names his own where it is among it', () => {
    const pending = [
      asked,
      drafted(ANN, 'ip_lists', ipList('2', { name: 'hers' })),
      drafted(BEN, 'ip_lists', ipList('3')),
    ];
    given(...pending)
      .when(provision(ANN, [list('3')]))
      .then(provisioned(1, ['ip_lists', '3']));
    const refused = policyDecider.decide(pending.reduce(evolve, EMPTY_BOOK), provision(ANN));
    expect(refused).toMatchObject({ code: 'PERMISSION_DENIED', reason: 'second-person-required' });
    expect((refused as { message: string }).message).toContain('"hers" (ip_lists/2), and');
  });

  it('lets everybody revert, which ends who wrote it', () => {
    const own = [asked, drafted(ANN, 'ip_lists', ipList('2'))];
    given(...own)
      .when(by(ANN, { do: 'revert', chosen: 'all' }))
      .then(reverted('ip_lists', '2'));
    given(...own, reverted('ip_lists', '2'), drafted(BEN, 'ip_lists', ipList('2')))
      .when(provision(ANN))
      .then(provisioned(1, ['ip_lists', '2']));
  });

  it('takes a program for a person of its own', () => {
    given(asked, drafted({ kind: 'service_account', id: '7' }, 'ip_lists', ipList('2')))
      .when(provision(ANN))
      .then(provisioned(1, ['ip_lists', '2']));
  });

  it('also holds for what was written before it was asked for', () => {
    given(drafted(ANN, 'ip_lists', ipList('2')), asked)
      .when(provision(ANN))
      .rejected('second-person-required');
  });
});

describe('asking for it, and no more', () => {
  it('is said once', () => {
    given()
      .when(by(ANN, { do: 'second-person', required: true }))
      .then(asked);
    given(asked)
      .when(by(BEN, { do: 'second-person', required: true }))
      .nothing();
    given()
      .when(by(ANN, { do: 'second-person', required: false }))
      .nothing();
  });

  it('leaves whoever ended it bound for a day, and nobody else', () => {
    const ended = [asked, switched(false, ANN)];
    const late = '2026-03-02T12:00:00.000Z';
    const hers = [...ended, drafted(ANN, 'ip_lists', ipList('2'))];
    given(...hers)
      .when(provision(ANN, 'all', '2026-03-02T11:59:59.999Z'))
      .rejected('second-person-required');
    given(...hers)
      .when(provision(ANN, 'all', late))
      .then(provisioned(1, ['ip_lists', '2']));
    given(...ended, drafted(BEN, 'ip_lists', ipList('2')))
      .when(provision(BEN))
      .then(provisioned(1, ['ip_lists', '2']));
  });

  it('is not for roles that hold within labels', () => {
    const within = [{ role: 'ruleset_provisioner' as const, scope: [] }];
    given(asked)
      .when(commandOf({ do: 'second-person', required: false }, within))
      .rejected('forbidden-error');
  });

  it('without it, everybody provisions what he wrote', () => {
    given(drafted(ANN, 'ip_lists', ipList('2')))
      .when(provision(ANN))
      .then(provisioned(1, ['ip_lists', '2']));
  });
});
