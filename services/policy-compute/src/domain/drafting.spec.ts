/** What may stand in a draft. */
import { specification } from '@ringfence/decider/testing';
import { describe, expect, it } from 'vitest';
import {
  boundary,
  command,
  drafted,
  ipList,
  labelGroup,
  LIST_IS_ACTIVE,
  markedForDeletion,
  reverted,
  rule,
  ruleSet,
  service,
  STAMP,
  stamped,
  usingList,
} from '../testing/policy-builders.js';
import type { PolicyEvent } from './policy-book.js';
import type { StoredRule } from './policy-object.js';
import { policyDecider } from './policy.decider.js';

const { given } = specification(policyDecider);
const bookAfter = (...events: PolicyEvent[]) => events.reduce(policyDecider.evolve, policyDecider.initial);

describe('drafting', () => {
  it('makes a draft of what is given, in normal form', () => {
    const ranges = [
      { from: '10.0.0.1/8', to: null, exclusion: false, description: '' },
      { from: '192.0.2.7/32', to: null, exclusion: false, description: '' },
    ];
    const normal = ipList('2', {
      ranges: [
        { ...ranges[0]!, from: '10.0.0.0/8' },
        { ...ranges[1]!, from: '192.0.2.7' },
      ],
    });
    given()
      .when(command({ do: 'create', type: 'ip_lists', object: ipList('2', { ranges }) }))
      .then(drafted('ip_lists', normal));
  });

  it('says of a change that it updates what is active, and of a change back that nothing is pending', () => {
    const renamed = ipList('2', { name: 'other' });
    given(...LIST_IS_ACTIVE)
      .when(command({ do: 'change', type: 'ip_lists', object: renamed }))
      .then(drafted('ip_lists', renamed, 'update'));
    given(...LIST_IS_ACTIVE, drafted('ip_lists', renamed, 'update'))
      .when(command({ do: 'change', type: 'ip_lists', object: ipList('2') }))
      .then(reverted('ip_lists', '2'));
  });

  it('stays quiet about a change that changes nothing', () => {
    given(...LIST_IS_ACTIVE)
      .when(command({ do: 'change', type: 'ip_lists', object: ipList('2') }))
      .nothing();
  });

  it('marks each rule that is new or changed, and no other', () => {
    const before = stamped(ruleSet('1', { rules: [rule('1'), rule('2')] }));
    const later = { ...STAMP, at: '2027-01-01T00:00:00.000Z' };
    const book = bookAfter(drafted('rule_sets', before));
    const object = { ...before, rules: [before.rules[0]!, rule('2', { enabled: false }), rule('3')] };
    const decision = policyDecider.decide(book, {
      ...command({ do: 'change', type: 'rule_sets', object }),
      stamp: later,
    });
    expect(decision).toMatchObject([
      {
        data: {
          lists: {
            rules: {
              written: [
                { id: '2', touched: { created: STAMP, updated: later } },
                { id: '3', touched: { created: later } },
              ],
              removed: [],
            },
          },
        },
      },
    ]);
  });

  it.each([
    [
      'IP list',
      drafted('ip_lists', ipList('2')),
      command({ do: 'create', type: 'ip_lists', object: ipList('3', { name: 'list 2' }) }),
      'ip-list-name-not-unique',
    ],
    [
      'rule set',
      drafted('rule_sets', ruleSet('2')),
      command({ do: 'create', type: 'rule_sets', object: ruleSet('3', { name: 'rules 2' }) }),
      'rule-set-name-in-use',
    ],
    [
      'label group',
      drafted('label_groups', labelGroup('a')),
      command({ do: 'create', type: 'label_groups', object: labelGroup('b', { name: 'group a' }) }),
      'name-must-be-unique',
    ],
  ])('refuses the name of another %s', (_, event, when, reason) => {
    given(event).when(when).rejected(reason);
  });

  it('refuses a name that an active object still has, though it is renamed or marked for deletion in draft', () => {
    const again = command({ do: 'create', type: 'ip_lists', object: ipList('3', { name: 'list 2' }) });
    given(...LIST_IS_ACTIVE, markedForDeletion('ip_lists', '2'))
      .when(again)
      .rejected('ip-list-name-not-unique');
    given(...LIST_IS_ACTIVE, drafted('ip_lists', ipList('2', { name: 'x' }), 'update'))
      .when(again)
      .rejected('ip-list-name-not-unique');
  });

  it('lets two services have one name', () => {
    const twin = service('3', { name: 'service 2' });
    given(drafted('services', service('2')))
      .when(command({ do: 'create', type: 'services', object: twin }))
      .then(drafted('services', twin));
  });

  it('refuses an external reference that another object of the type has, and half of one', () => {
    const extras = { external_data_set: 'cmdb', external_data_reference: '7' };
    given(drafted('ip_lists', ipList('2', { extras })))
      .when(command({ do: 'create', type: 'ip_lists', object: ipList('3', { extras }) }))
      .rejected('external-reference-not-unique');
    given()
      .when(
        command({
          do: 'create',
          type: 'ip_lists',
          object: ipList('3', { extras: { external_data_set: 'cmdb' } }),
        }),
      )
      .rejected('input-validation-error');
  });

  it.each([
    ['label', { kind: 'label', id: '99', exclusion: false }],
    ['label group', { kind: 'label_group', id: 'nowhere', exclusion: false }],
    ['workload', { kind: 'workload', id: 'nobody' }],
    ['IP list', { kind: 'ip_list', id: '99' }],
  ] as const)('refuses a rule that names a %s that is not there', (_, actor) => {
    const object = ruleSet('1', { rules: [rule('1', { consumers: [actor] })] });
    given()
      .when(command({ do: 'create', type: 'rule_sets', object }))
      .rejected('reference-not-found');
  });

  it('keeps a rule whose label went away, but takes no new one', () => {
    const named = ruleSet('1', {
      rules: [rule('1', { providers: [{ kind: 'label', id: '99', exclusion: false }] })],
    });
    const enabled = { ...named, description: 'still here' };
    given(drafted('rule_sets', named))
      .when(command({ do: 'change', type: 'rule_sets', object: enabled }))
      .then(drafted('rule_sets', stamped(enabled)));
  });

  it('refuses to name what is marked for deletion', () => {
    given(...LIST_IS_ACTIVE, markedForDeletion('ip_lists', '2'))
      .when(command({ do: 'create', type: 'rule_sets', object: ruleSet('1', { rules: [usingList('2')] }) }))
      .rejected('reference-not-found');
  });

  it('refuses two labels of one type in a scope', () => {
    const scopes = [
      [
        { kind: 'label', id: '1', exclusion: false },
        { kind: 'label', id: '2', exclusion: false },
      ] as const,
    ].map((scope) => [...scope]);
    given()
      .when(command({ do: 'create', type: 'rule_sets', object: ruleSet('1', { scopes }) }))
      .rejected('input-validation-error');
  });

  it('refuses members of another type in a label group, and groups that hold one another', () => {
    given()
      .when(command({ do: 'create', type: 'label_groups', object: labelGroup('a', { labels: ['11'] }) }))
      .rejected('input-validation-error');
    given(
      drafted('label_groups', labelGroup('a')),
      drafted('label_groups', labelGroup('b', { subGroups: ['a'] })),
    )
      .when(command({ do: 'change', type: 'label_groups', object: labelGroup('a', { subGroups: ['b'] }) }))
      .rejected('label-group-cycle');
  });

  it.each([
    [
      'no address',
      ipList('2', { ranges: [{ from: '10.0.0.300', to: null, exclusion: false, description: '' }] }),
    ],
    [
      'a range that ends before it begins',
      ipList('2', { ranges: [{ from: '10.0.0.9', to: '10.0.0.1', exclusion: false, description: '' }] }),
    ],
    [
      'a range across IP versions',
      ipList('2', { ranges: [{ from: '10.0.0.9', to: '::1', exclusion: false, description: '' }] }),
    ],
    [
      'an exclusion of what is not included',
      ipList('2', {
        ranges: [
          { from: '10.0.0.0/8', to: null, exclusion: false, description: '' },
          { from: '192.0.2.0/24', to: null, exclusion: true, description: '' },
        ],
      }),
    ],
    ['a name with a star inside', ipList('2', { fqdns: [{ fqdn: 'a.*.example.com', description: '' }] })],
  ])('refuses an IP list with %s', (_, object) => {
    given()
      .when(command({ do: 'create', type: 'ip_lists', object }))
      .rejected('input-validation-error');
  });

  it.each([
    ['ports of a protocol without ports', { proto: 47, from: 1 }],
    ['a range that ends before it begins', { proto: 6, from: 90, to: 80 }],
    ['an ICMP type of TCP', { proto: 6, icmpType: 8 }],
    ['an ICMP code without type', { proto: 1, icmpCode: 0 }],
  ])('refuses a service with %s', (_, port) => {
    given()
      .when(command({ do: 'create', type: 'services', object: service('2', { ports: [port] }) }))
      .rejected('input-validation-error');
  });

  it.each([
    ['without a service', rule('1', { services: [] })],
    [
      'with the container host as provider',
      rule('1', { providers: [{ kind: 'container_host' }], unscopedConsumers: true }),
    ],
    [
      'with the container host as consumer inside the scope',
      rule('1', { consumers: [{ kind: 'container_host' }] }),
    ],
    ['without consumers', rule('1', { consumers: [] })],
  ])('refuses a rule %s', (_, wrong) => {
    given()
      .when(command({ do: 'create', type: 'rule_sets', object: ruleSet('1', { rules: [wrong] }) }))
      .rejected('input-validation-error');
  });

  it('refuses a stateless rule, because it would have no effect', () => {
    const object = ruleSet('1', { rules: [rule('1', { extras: { stateless: true } })] });
    given()
      .when(command({ do: 'create', type: 'rule_sets', object }))
      .rejected('rule-has-no-effect');
  });

  it.each([
    ['workloads without ports', { services: [] }],
    ['virtual services with ports of the rule', { resolveProvidersAs: ['virtual_services'] }],
  ] satisfies [string, Partial<StoredRule>][])('refuses a rule to %s', (_, over) => {
    const object = ruleSet('1', { rules: [rule('1', over)] });
    given()
      .when(command({ do: 'create', type: 'rule_sets', object }))
      .rejected('input-validation-error');
  });

  it('refuses a boundary with exclusions', () => {
    const object = boundary('1', { providers: [{ kind: 'label', id: '1', exclusion: true }] });
    given()
      .when(command({ do: 'create', type: 'enforcement_boundaries', object }))
      .rejected('input-validation-error');
  });
});
