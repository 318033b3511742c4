/** What is written about rules, sentence by sentence: the engine and the words must say of a town what stands here. */
import { describe, expect, it } from 'vitest';
import {
  actor,
  allow,
  boundary,
  deny,
  ipList,
  labelGroup,
  labelId,
  rules,
  STRANGER,
  Town,
} from './testing/town.js';
import type { OnWire, TownPolicy } from './testing/town.js';

function passing(policy: TownPolicy, packet?: OnWire): string[] {
  const town = new Town(policy);
  const engine = town.passing('engine', packet);
  expect(engine).toEqual(town.passing('words', packet));
  return engine;
}
const inRules = (...said: Parameters<typeof allow>[]): TownPolicy => ({
  rule_sets: [rules([], ...said.map((one) => allow(...one)))],
});
/** Everybody, to those. */
const ALL_WORKLOADS = ['web', 'trial', 'db', 'teller', 'bare', 'node-1', 'node-2', 'host'];
const everyPair = (from: readonly string[], to: readonly string[]): string[] =>
  from.flatMap((one) => to.filter((other) => other !== one).map((other) => `${one} → ${other}`));

describe('who a side means', () => {
  it.each<[string, string, string, string[]]>([
    [
      'labels of one type are ORed',
      'app:shop app:bank',
      'role:db',
      everyPair(['web', 'trial', 'db', 'teller'], ['db', 'host']).concat('host → db'),
    ],
    ['of different types ANDed', 'role:web app:shop env:prod', 'role:db', ['web → db', 'web → host']],
    [
      'types are ANDed where one of them has two labels',
      'role:web env:prod env:dev',
      'role:db app:shop',
      ['web → db', 'trial → db', 'teller → db'],
    ],
    [
      'all except X has a label of the type, and it is not X',
      '-role:db',
      'workload:db',
      ['web → db', 'trial → db', 'teller → db', 'node-1 → db', 'node-2 → db'],
    ],
    [
      'an exclusion is taken away last, from providers as from consumers',
      'role:web -app:bank',
      'role:db -app:bank',
      ['web → db', 'trial → db'],
    ],
    [
      'exclusions of several types all hold',
      '-role:db -role:node -env:dev',
      'workload:db',
      ['web → db', 'teller → db'],
    ],
    [
      'an exclusion is taken from all workloads, too',
      'ams -app:bank',
      'workload:db',
      ['web → db', 'trial → db'],
    ],
    [
      'an exclusion is all except that, and taken from named workloads, too',
      'workload:bare workload:teller -app:bank',
      'workload:db',
      ['web → db', 'trial → db'],
    ],
    ['a label that is asked for and excluded leaves nobody', 'role:web -role:web', 'role:db', []],
    [
      'entries that are no labels are added',
      'role:node workload:web list:1',
      'workload:db',
      ['web → db', 'node-1 → db', 'node-2 → db', `${STRANGER} → db`],
    ],
    [
      'all workloads are managed and unmanaged ones and nobody else',
      'ams',
      'workload:db',
      everyPair(ALL_WORKLOADS, ['db']),
    ],
    [
      'who has no label of a type matches no label of it',
      'app:shop app:bank',
      'workload:bare',
      ['web → bare', 'trial → bare', 'db → bare', 'teller → bare', 'host → bare'],
    ],
    ['IP lists are their union', 'list:1 list:2', 'workload:db', ['host → db', `${STRANGER} → db`]],
    ['an IP list is without its exclusions', 'list:3', 'workload:db', [`${STRANGER} → db`]],
    ['an IP list may end a connection outside', 'workload:web', 'list:1', [`web → ${STRANGER}`]],
    ['unmanaged workloads are peers, and enforce nothing', 'workload:web', 'workload:host', ['web → host']],
    ['nobody of a town is in an empty list', 'list:4', 'workload:db', []],
    ['nobody comes from nowhere', 'list:9', 'workload:db', []],
  ])('%s', (_, consumers, providers, expected) => {
    const lists = [
      ipList('1', STRANGER),
      ipList('2', '198.51.100.0/24'),
      ipList('3', '198.51.100.0/24', '-198.51.100.0..198.51.100.8', '203.0.113.0/28', '-203.0.113.8/32'),
      ipList('4'),
    ];
    expect(passing({ ...inRules([consumers, providers]), ip_lists: lists }).sort()).toEqual(expected.sort());
  });

  it('a label group stands for its labels and those of the groups in it, however deep', () => {
    const groups = [
      labelGroup('a', 'env:dev', ['b', 'c']),
      labelGroup('b', 'env:dev', ['c']),
      labelGroup('c', 'env:prod'),
    ];
    const asked = (text: string): string[] =>
      passing({ ...inRules([text, 'workload:db']), label_groups: groups });
    expect(asked('group:a role:web')).toEqual(['web → db', 'trial → db', 'teller → db']);
    expect(asked('group:c role:web')).toEqual(['web → db', 'teller → db']);
    expect(asked('-group:c')).toEqual(['trial → db']);
    expect(asked('-group:a')).toEqual([]);
  });

  it('a reference to what was deleted means nobody, and leaves the other entries', () => {
    const without = (...labels: string[]) => ({ withoutLabels: labels });
    expect(
      passing({ ...inRules(['role:web workload:bare', 'workload:db']), ...without('role:web') }),
    ).toEqual(['bare → db']);
    expect(passing({ ...inRules(['role:web group:x', 'workload:db']) })).toEqual([]);
    expect(passing({ ...inRules(['workload:gone workload:web', 'workload:db']) })).toEqual(['web → db']);
    expect(passing({ ...inRules(['role:web -group:x', 'workload:db']) })).toEqual([]);
    expect(passing({ ...inRules(['ams -env:dev', 'workload:db']), ...without('env:dev') })).toEqual([]);
    const bySecond = allow('role:web', 'workload:db', { services: [{ kind: 'service', id: '9' }] });
    expect(passing({ rule_sets: [rules([], bySecond)] })).toEqual([]);
  });
});

describe('a scope', () => {
  const scoped = (scopes: string[], ...said: Parameters<typeof allow>[]): string[] =>
    passing({ rule_sets: [rules(scopes, ...said.map((one) => allow(...one)))] }).sort();

  it.each<[string, string[], string[]]>([
    ['is ANDed over types', ['app:shop env:prod'], ['db → web', 'web → db']],
    ['leaves out no type that it does not name', ['env:dev'], []],
    [
      'that is empty is everything',
      [''],
      everyPair(ALL_WORKLOADS, ALL_WORKLOADS).filter(
        (pair) => !pair.startsWith('host →') || !pair.endsWith('host'),
      ),
    ],
    [
      'never mixes with another',
      ['app:shop env:prod', 'app:bank'],
      ['db → web', 'host → teller', 'teller → host', 'web → db'],
    ],
    ['takes exclusions', ['app:shop -env:dev'], ['db → web', 'web → db']],
    [
      'of exclusions alone needs a label of the type',
      ['-app:bank'],
      everyPair(['web', 'trial', 'db'], ['web', 'trial', 'db']),
    ],
  ])('%s', (_, scopes, expected) => {
    expect(scoped(scopes, ['ams', 'ams'])).toEqual(expected.sort());
  });

  it('may be a label group, and one that is not there is nobody', () => {
    const said = { rule_sets: [rules(['group:g role:web'], allow('ams', 'ams'))] };
    const groups = [labelGroup('g', 'env:prod')];
    expect(passing({ ...said, label_groups: groups })).toEqual(['web → teller', 'teller → web']);
    expect(passing(said)).toEqual([]);
  });

  it('narrows both sides within, and providers only where consumers come from outside', () => {
    const within = scoped(['app:shop env:prod'], ['role:web', 'role:db']);
    expect(within).toEqual(['web → db']);
    const outside = scoped(['app:shop env:prod'], ['role:web', 'role:db', { unscopedConsumers: true }]);
    expect(outside).toEqual(['teller → db', 'trial → db', 'web → db']);
    const all = scoped(['app:shop env:prod'], ['ams', 'role:db', { unscopedConsumers: true }]);
    expect(all).toEqual(everyPair(ALL_WORKLOADS, ['db']).sort());
  });

  it('makes a rule mean nobody that names another value of its type', () => {
    expect(scoped(['app:shop'], ['app:bank', 'role:db'])).toEqual([]);
    expect(scoped(['app:shop'], ['app:bank', 'role:db', { unscopedConsumers: true }])).toEqual([
      'host → db',
      'teller → db',
    ]);
    expect(scoped(['app:shop'], ['ams', 'app:bank', { unscopedConsumers: true }])).toEqual([]);
  });

  it('never narrows an IP list, on either side', () => {
    const lists = { ip_lists: [ipList('1', STRANGER, '10.0.0.4')] };
    const said = rules(['app:shop'], allow('list:1', 'role:db'), allow('role:db', 'list:1'));
    // A workload whose address is in a list is meant by its address, and is given no rule of its own.
    expect(passing({ ...lists, rule_sets: [said] })).toEqual([`db → ${STRANGER}`, `${STRANGER} → db`]);
  });

  it('gives a named workload outside of it no effect, but as a consumer from outside', () => {
    expect(scoped(['app:shop'], ['ams', 'workload:teller workload:db'])).toEqual(['trial → db', 'web → db']);
    expect(scoped(['app:shop'], ['workload:teller', 'role:db'])).toEqual([]);
    expect(scoped(['app:shop'], ['workload:teller', 'role:db', { unscopedConsumers: true }])).toEqual([
      'teller → db',
    ]);
  });

  it('is that of deny rules, and boundaries have none', () => {
    const open = rules([], allow('ams', 'ams'));
    const told = (policy: TownPolicy): string[] => {
      const before = passing({ rule_sets: [open] });
      const after = passing({ ...policy, rule_sets: [open, ...(policy.rule_sets ?? [])] });
      return before.filter((pair) => !after.includes(pair));
    };
    const override = deny('role:web', 'role:db', { override: true });
    expect(told({ rule_sets: [rules(['app:shop env:prod'], override)] })).toEqual(['web → db']);
    const fromOutside = deny('role:web', 'role:db', { override: true, unscopedConsumers: true });
    expect(told({ rule_sets: [rules(['app:shop'], fromOutside)] })).toEqual([
      'web → db',
      'trial → db',
      'teller → db',
    ]);
    const selective = {
      modes: Object.fromEntries(ALL_WORKLOADS.map((name) => [name, 'selective' as const])),
    };
    const all = passing(selective);
    const denied = passing({ ...selective, enforcement_boundaries: [boundary('role:web', 'role:db')] });
    expect(all.filter((pair) => !denied.includes(pair))).toEqual(
      everyPair(['web', 'trial', 'teller'], ['db', 'host']),
    );
  });
});

describe('the container host', () => {
  const probed = (said: Parameters<typeof allow>[2]): string[] =>
    passing({ rule_sets: [rules(['app:shop'], allow('container_host', 'ams', said))] });

  it('is the node of the Pod in question, and no other', () => {
    const town = new Town({
      rule_sets: [rules(['app:shop'], allow('container_host', 'ams', { unscopedConsumers: true }))],
    });
    for (const by of ['engine', 'words'] as const) {
      expect(town.judged('destination', 'node-1', 'web')[by]?.verdict).toBe('allowed');
      expect(town.judged('destination', 'node-2', 'web')[by]?.verdict).toBe('blocked');
      expect(town.judged('destination', 'node-2', 'trial')[by]?.verdict).toBe('allowed');
      expect(town.judged('destination', 'node-2', 'teller')[by]?.verdict).toBe('blocked');
    }
  });

  it('means nobody where consumers are of the scope', () => {
    expect(probed({})).toEqual([]);
  });
});

describe('what is disabled', () => {
  it('has no effect: a rule, a deny rule, a rule set, a boundary', () => {
    const open = allow('role:web', 'role:db');
    expect(passing({ rule_sets: [rules([], { ...open, enabled: false })] })).toEqual([]);
    expect(passing({ rule_sets: [{ ...rules([], open), enabled: false }] })).toEqual([]);
    const override = deny('ams', 'ams', { override: true, enabled: false });
    expect(passing({ rule_sets: [rules([], allow('workload:web', 'workload:db'), override)] })).toEqual([
      'web → db',
    ]);
    const modes = { web: 'selective', db: 'selective', teller: 'selective' } as const;
    const off = boundary('ams', 'ams', { enabled: false });
    expect(passing({ modes, enforcement_boundaries: [off] })).toEqual(passing({ modes }));
  });
});

it('reads the texts that these sentences are written in', () => {
  expect(actor('-role:db')).toEqual({ kind: 'label', id: labelId('role:db'), exclusion: true });
});
