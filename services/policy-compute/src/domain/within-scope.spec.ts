/** Roles that hold within labels: what they may do to policy, inside and outside. Label 11 is the app that was given, 12 is another. */
import type { Grant, Role, RuleActor } from '@ringfence/contracts';
import { isRejection } from '@ringfence/decider';
import { specification } from '@ringfence/decider/testing';
import { describe, expect, it } from 'vitest';
import {
  command,
  drafted,
  ipList,
  labelGroup,
  markedForDeletion,
  provisioned,
  rule,
  ruleSet,
} from '../testing/policy-builders.js';
import type { PolicyEvent } from './policy-book.js';
import { policyDecider } from './policy.decider.js';
import type { PolicyIntent } from './policy.decider.js';
import type { PolicyObject, StoredRule } from './policy-object.js';

const { given } = specification(policyDecider);
const INSIDE = '11';
const OUTSIDE = '12';
const GROUP = '00000000-0000-4000-8000-000000000001';
const grant = (role: Role, ...apps: string[]): Grant => ({
  role,
  scope: apps.map((id) => ({ kind: 'label', key: 'app', id })),
});
const scoped = (...labels: string[]): PolicyObject<'rule_sets'>['scopes'] => [
  labels.map((id) => ({ kind: 'label', id, exclusion: false })),
];
const setOf = (app: string, over: Partial<PolicyObject<'rule_sets'>> = {}): PolicyObject<'rule_sets'> =>
  ruleSet('2', { scopes: scoped(app), ...over });
const create = (object: PolicyObject<'rule_sets'>): PolicyIntent => ({
  do: 'create',
  type: 'rule_sets',
  object,
});
const change = (object: PolicyObject<'rule_sets'>): PolicyIntent => ({
  do: 'change',
  type: 'rule_sets',
  object,
});
const remove: PolicyIntent = { do: 'delete', type: 'rule_sets', id: '2' };
const provision: PolicyIntent = { do: 'provision', chosen: 'all', note: '', workloadsAffected: 0 };
const revert: PolicyIntent = { do: 'revert', chosen: 'all' };

/** `no`: for want of a grant; `yes`: whatever else there is against it. */
function asked(before: readonly PolicyEvent[], intent: PolicyIntent, ...within: Grant[]): 'yes' | 'no' {
  const decision = policyDecider.decide(
    before.reduce(policyDecider.evolve, policyDecider.initial),
    command(intent, within),
  );
  return isRejection(decision) && decision.code === 'PERMISSION_DENIED' ? 'no' : 'yes';
}
const draftOf = (app: string, over: Partial<PolicyObject<'rule_sets'>> = {}): PolicyEvent[] => [
  drafted('rule_sets', setOf(app, over)),
];
const inForce = (app: string, over: Partial<PolicyObject<'rule_sets'>> = {}): PolicyEvent[] => [
  ...draftOf(app, over),
  provisioned(1, ['rule_sets', '2']),
];

describe('every role, for a rule set inside, outside, and moved', () => {
  const tries: Readonly<Record<string, (app: string, ...within: Grant[]) => 'yes' | 'no'>> = {
    create: (app, ...within) => asked([], create(setOf(app)), ...within),
    rename: (app, ...within) => asked(draftOf(app), change(setOf(app, { name: 'other' })), ...within),
    'add a rule': (app, ...within) =>
      asked(draftOf(app), change(setOf(app, { rules: [rule('1')] })), ...within),
    delete: (app, ...within) => asked(draftOf(app), remove, ...within),
    'delete what is in force': (app, ...within) => asked(inForce(app), remove, ...within),
    revert: (app, ...within) => asked(draftOf(app), revert, ...within),
    provision: (app, ...within) => asked(draftOf(app), provision, ...within),
  };
  const WRITES = ['create', 'rename', 'add a rule', 'delete', 'delete what is in force', 'revert'];
  const MAY: Readonly<Partial<Record<Role, readonly string[]>>> = {
    ruleset_manager: WRITES,
    limited_ruleset_manager: WRITES,
    ruleset_provisioner: ['provision'],
  };
  const roles: readonly Role[] = [
    ...(['ruleset_manager', 'limited_ruleset_manager', 'ruleset_provisioner'] as const),
    ...(['ruleset_viewer', 'workload_manager', 'global_object_provisioner', 'read_only'] as const),
  ];
  for (const role of roles)
    it(`${role}`, () => {
      for (const [what, attempt] of Object.entries(tries)) {
        const may = MAY[role]?.includes(what) === true ? 'yes' : 'no';
        expect([what, attempt(INSIDE, grant(role, INSIDE))]).toEqual([what, may]);
        expect([what, attempt(OUTSIDE, grant(role, INSIDE))]).toEqual([what, 'no']);
        expect([what, attempt(OUTSIDE, grant(role))]).toEqual([what, may]);
        expect([what, attempt(OUTSIDE, grant(role, INSIDE), grant(role, OUTSIDE))]).toEqual([what, may]);
        expect([what, attempt(INSIDE)]).toEqual([what, 'no']);
      }
    });
});

describe('a rule set manager', () => {
  const manager = grant('ruleset_manager', INSIDE);

  it('moves nothing out of his scope or into it, by no way', () => {
    expect(asked(draftOf(INSIDE), change(setOf(OUTSIDE)), manager)).toBe('no');
    expect(asked(draftOf(OUTSIDE), change(setOf(INSIDE)), manager)).toBe('no');
    expect(asked(draftOf(INSIDE), change(setOf(INSIDE, { scopes: [] })), manager)).toBe('no');
    const moved = (from: string, to: string): PolicyEvent[] => [
      ...inForce(from),
      drafted('rule_sets', setOf(to), 'update'),
    ];
    for (const [from, to] of [
      [INSIDE, OUTSIDE],
      [OUTSIDE, INSIDE],
    ] as const) {
      expect(asked(moved(from, to), revert, manager)).toBe('no');
      expect(asked(moved(from, to), remove, manager)).toBe('no');
      expect(asked(moved(from, to), provision, grant('ruleset_provisioner', INSIDE))).toBe('no');
    }
  });

  it('has all scopes of a rule set inside, or may not', () => {
    const both = [...scoped(INSIDE), ...scoped(OUTSIDE)];
    expect(asked([], create(setOf(INSIDE, { scopes: both })), manager)).toBe('no');
    expect(asked([], create(setOf(INSIDE, { scopes: scoped(INSIDE, '1') })), manager)).toBe('yes');
    expect(asked([], create(setOf(INSIDE, { scopes: scoped('1') })), manager)).toBe('no');
    const butOne = [[{ kind: 'label', id: OUTSIDE, exclusion: true } as const]];
    expect(asked([], create(setOf(INSIDE, { scopes: butOne })), manager)).toBe('no');
  });

  it('has a label group in a scope by its labels, as drafted and as in force', () => {
    const group = (...labels: string[]) => labelGroup(GROUP, { key: 'app', labels });
    const asScope = setOf(INSIDE, { scopes: [[{ kind: 'label_group', id: GROUP, exclusion: false }]] });
    const active = (...labels: string[]): PolicyEvent[] => [
      drafted('label_groups', group(...labels)),
      provisioned(1, ['label_groups', GROUP]),
    ];
    expect(asked(active(INSIDE), create(asScope), manager)).toBe('yes');
    expect(asked(active(INSIDE, OUTSIDE), create(asScope), manager)).toBe('no');
    expect(asked(active(), create(asScope), manager)).toBe('no');
    expect(asked([], create(asScope), manager)).toBe('no');
    const wider = drafted('label_groups', group(INSIDE, OUTSIDE), 'update');
    expect(asked([...active(INSIDE), wider], create(asScope), manager)).toBe('no');
  });

  it('whose scope names a group has its labels that are in force, and none of one that is not there', () => {
    const byGroup: Grant = {
      role: 'ruleset_manager',
      scope: [{ kind: 'label_group', id: GROUP, key: 'app' }],
    };
    const group = drafted('label_groups', labelGroup(GROUP, { key: 'app', labels: [INSIDE] }));
    const active = [group, provisioned(1, ['label_groups', GROUP])];
    expect(asked(active, create(setOf(INSIDE)), byGroup)).toBe('yes');
    expect(asked(active, create(setOf(OUTSIDE)), byGroup)).toBe('no');
    for (const before of [[], [group]]) expect(asked(before, create(setOf(INSIDE)), byGroup)).toBe('no');
  });

  it('does nothing else, whatever it is', () => {
    const list: PolicyIntent = { do: 'create', type: 'ip_lists', object: ipList('2') };
    for (const intent of [
      list,
      { do: 'restore', objects: [] },
      { do: 'unbind', id: 'x' },
      { do: 'delete-principal', id: 'x' },
      { do: 'seed' },
    ] as const)
      expect([intent.do, asked([], intent, grant('ruleset_manager'))]).toEqual([intent.do, 'no']);
  });
});

describe('which rules', () => {
  const label = (id: string): RuleActor => ({ kind: 'label', id, exclusion: false });
  const IP_LIST: RuleActor = { kind: 'ip_list', id: '1' };
  const GROUP_ACTOR: RuleActor = { kind: 'label_group', id: GROUP, exclusion: false };
  const ROWS: readonly [string, Partial<StoredRule>, full: 'yes' | 'no', limited: 'yes' | 'no'][] = [
    ['among themselves', { providers: [label('1')], consumers: [label('2')] }, 'yes', 'yes'],
    ['from anybody', { unscopedConsumers: true, consumers: [label('2')] }, 'yes', 'no'],
    ['from an IP list', { consumers: [IP_LIST] }, 'yes', 'no'],
    ['from a label group', { consumers: [GROUP_ACTOR] }, 'yes', 'no'],
    ['to a label group', { providers: [GROUP_ACTOR] }, 'yes', 'yes'],
    ['to an IP list', { providers: [IP_LIST] }, 'yes', 'no'],
    ['of anybody to an IP list', { providers: [IP_LIST], unscopedConsumers: true }, 'no', 'no'],
    ['from the host', { consumers: [{ kind: 'container_host' }], unscopedConsumers: true }, 'yes', 'no'],
  ];
  for (const [what, over, full, limited] of ROWS)
    it(`${what}: ${full} for a full manager, ${limited} for a limited one`, () => {
      for (const list of ['rules', 'denyRules'] as const) {
        const { resolveProvidersAs: _, resolveConsumersAs: __, ...deny } = rule('1', over);
        const rules =
          list === 'rules' ? { rules: [rule('1', over)] } : { denyRules: [{ ...deny, override: false }] };
        for (const [role, verdict] of [
          ['ruleset_manager', full],
          ['limited_ruleset_manager', limited],
        ] as const) {
          const by = grant(role, INSIDE);
          expect(asked([], create(setOf(INSIDE, rules)), by)).toBe(verdict);
          expect(asked(draftOf(INSIDE), change(setOf(INSIDE, rules)), by)).toBe(verdict);
          expect(asked(draftOf(INSIDE, rules), change(setOf(INSIDE)), by)).toBe(verdict);
          expect(asked(draftOf(INSIDE, rules), remove, by)).toBe(verdict);
          expect(asked(draftOf(INSIDE, rules), change(setOf(INSIDE, { ...rules, enabled: false })), by)).toBe(
            verdict,
          );
          // What he may not write stays as it is, and he may write beside it.
          expect(asked(draftOf(INSIDE, rules), change(setOf(INSIDE, { ...rules, name: 'x' })), by)).toBe(
            'yes',
          );
        }
      }
      expect(asked([], create(setOf(INSIDE, { rules: [rule('1', over)] })), grant('ruleset_manager'))).toBe(
        'yes',
      );
    });

  it('in the words of iptables: those of a full manager alone', () => {
    const iptables = {
      id: '1',
      enabled: true,
      description: '',
      ipVersion: '4',
      actors: [],
      statements: [],
    } as const;
    const object = setOf(INSIDE, { iptablesRules: [{ ...iptables, actors: [], statements: [] }] });
    expect(asked([], create(object), grant('ruleset_manager', INSIDE))).toBe('yes');
    expect(asked([], create(object), grant('limited_ruleset_manager', INSIDE))).toBe('no');
  });
});

describe('a provisioner', () => {
  const MIXED = [...draftOf(INSIDE), drafted('ip_lists', ipList('2'))];
  const chosen = (...keys: { type: 'rule_sets' | 'ip_lists'; id: string }[]): PolicyIntent => ({
    ...{ do: 'provision', note: '', workloadsAffected: 0 },
    chosen: keys,
  });
  const RULES = { type: 'rule_sets', id: '2' } as const;
  const LIST = { type: 'ip_lists', id: '2' } as const;

  it('provisions all that is pending only where he may all of it, and is told what he may not', () => {
    given(...MIXED)
      .when(command(provision, [grant('ruleset_provisioner', INSIDE)]))
      .rejected('forbidden-error');
    expect(asked(MIXED, chosen(RULES), grant('ruleset_provisioner', INSIDE))).toBe('yes');
    expect(asked(MIXED, chosen(LIST), grant('ruleset_provisioner', INSIDE))).toBe('no');
    expect(asked(MIXED, chosen(LIST), grant('global_object_provisioner'))).toBe('yes');
    expect(asked(MIXED, chosen(RULES), grant('global_object_provisioner'))).toBe('no');
    const both = [grant('ruleset_provisioner', INSIDE), grant('global_object_provisioner')];
    expect(asked(MIXED, provision, ...both)).toBe('yes');
  });

  it('also ends rule sets, of his scope', () => {
    const ended = [...inForce(INSIDE), markedForDeletion('rule_sets', '2')];
    expect(asked(ended, provision, grant('ruleset_provisioner', INSIDE))).toBe('yes');
    expect(asked(ended, provision, grant('ruleset_provisioner', OUTSIDE))).toBe('no');
  });
});
