import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PortRange, RuleSet, UnitOfLists } from '@ringfence/contracts';
import { makeLabelSet } from '@ringfence/labels';
import { PolicyCalculator } from './policy.calculator.js';
import {
  anyWorld,
  CLUSTER,
  computePolicy,
  inCluster,
  LABELS,
  naivePolicy,
  plainPolicy,
  ToldPolicy,
} from './testing/index.js';

describe('the policy of a world', () => {
  it('is what its words say, computed naively from the objects', () => {
    fc.assert(
      fc.property(anyWorld, (world) => {
        expect(plainPolicy(inCluster(world, computePolicy(world)))).toEqual(naivePolicy(world));
      }),
      { numRuns: 400 },
    );
  });

  it('is told without a list that no unit names, and without a group that no list refers to', () => {
    fc.assert(
      fc.property(anyWorld, (world) => {
        const told = computePolicy(world);
        const named = [...told.listed.values()].flatMap(({ lists }) => lists);
        expect(new Set(told.lists.keys())).toEqual(new Set(named));
        const rules = [...told.lists.values()].flatMap((list) => [...list.ingress, ...list.egress]);
        expect(new Set(told.groups.keys())).toEqual(new Set(rules.flatMap((rule) => rule.peers)));
      }),
    );
  });
});

describe('a change', () => {
  const web = makeLabelSet({ cluster: CLUSTER, namespace: 'shop', class: 'pod', labels: ['1', '4'] });
  const database = makeLabelSet({ cluster: CLUSTER, namespace: 'shop', class: 'pod', labels: ['2', '4'] });
  const other = makeLabelSet({ cluster: CLUSTER, namespace: 'bank', class: 'pod', labels: ['1', '5'] });
  const label = (id: string) => ({ kind: 'label' as const, id, exclusion: false });

  const ruleSet = (ports: PortRange): RuleSet => ({
    id: '3',
    name: 'shop',
    description: '',
    enabled: true,
    scopes: [[label('4')]],
    rules: [
      {
        id: '7',
        enabled: true,
        description: '',
        providers: [label('2')],
        consumers: [label('1')],
        services: [{ kind: 'ports', ports }],
        unscopedConsumers: false,
        resolveProvidersAs: ['workloads'],
        resolveConsumersAs: ['workloads'],
      },
    ],
    denyRules: [],
  });

  function shop(): PolicyCalculator {
    const calculator = new PolicyCalculator();
    calculator.setCatalogue({ types: ['role', 'app', 'env'], labels: LABELS });
    calculator.setObject('rule_sets', ruleSet({ proto: 6, from: 5432 }));
    return calculator;
  }
  const ids = (units: readonly UnitOfLists[]): string[] => units.map((unit) => unit.labelSet.id).sort();

  it('gives the provider an ingress and the consumer an egress rule that name the rule', () => {
    const calculator = shop();
    for (const labelSet of [web, database, other]) calculator.setLabelSet(labelSet, 'full');
    const told = new ToldPolicy();
    told.apply(calculator.flush(CLUSTER));
    const unit = told.units;
    expect(unit.get(database.id)!.ingress.map((rule) => rule.ref)).toEqual([
      '/orgs/1/sec_policy/active/rule_sets/3/sec_rules/7',
    ]);
    expect(unit.get(web.id)!.egress).toHaveLength(1);
    expect(unit.get(web.id)!.ingress).toEqual([]);
    expect(unit.get(other.id)).toMatchObject({ ingress: [], egress: [] });
    const peers = unit.get(database.id)!.ingress[0]!.peers;
    expect(told.groups.get(peers[0]!)!.labelSets).toEqual([web.id]);
  });

  it('of a rule is one list, whoever enforces it', () => {
    const calculator = shop();
    const second = makeLabelSet({ cluster: CLUSTER, namespace: 'shop-2', class: 'pod', labels: ['1', '4'] });
    for (const labelSet of [web, database, second]) calculator.setLabelSet(labelSet, 'full');
    calculator.flush(CLUSTER);
    calculator.setObject('rule_sets', ruleSet({ proto: 6, from: 5433 }));
    const { units, lists, groups } = calculator.flush(CLUSTER);
    expect(units).toEqual({ upsert: [], remove: [] });
    expect(groups).toEqual({ upsert: [], remove: [] });
    expect(lists.upsert.map(({ ingress, egress }) => [ingress.length, egress.length]).sort()).toEqual([
      [0, 1],
      [1, 0],
    ]);
  });

  it('of one label set tells only its own unit and the groups that it is in', () => {
    const calculator = shop();
    calculator.setLabelSet(web, 'full');
    calculator.setLabelSet(database, 'full');
    calculator.flush(CLUSTER);
    const second = makeLabelSet({ cluster: CLUSTER, namespace: 'shop-2', class: 'pod', labels: ['1', '4'] });
    calculator.setLabelSet(second, 'full');
    const changes = calculator.flush(CLUSTER);
    expect(ids(changes.units.upsert)).toEqual([second.id]);
    expect(changes.groups.upsert.map((group) => group.labelSets)).toEqual([[web.id, second.id].sort()]);
  });

  it('takes a label set away from the groups while rules still ask for it', () => {
    const calculator = shop();
    calculator.setLabelSet(web, 'full');
    calculator.setLabelSet(database, 'full');
    calculator.flush(CLUSTER);
    calculator.removeLabelSet(web.id);
    const changes = calculator.flush(CLUSTER);
    expect(changes.units).toEqual({ upsert: [], remove: [web.id] });
    expect(changes.groups.upsert.map((group) => group.labelSets)).toEqual([[]]);
    expect(changes.groups.remove).toHaveLength(1);
  });

  it('of a label that a rule needs closes the rule until the label is back', () => {
    const calculator = shop();
    calculator.setLabelSet(web, 'full');
    calculator.setLabelSet(database, 'full');
    calculator.flush(CLUSTER);
    calculator.setCatalogue({ types: ['role', 'app', 'env'], labels: LABELS.filter(({ id }) => id !== '4') });
    const closed = calculator.flush(CLUSTER);
    expect(ids(closed.units.upsert)).toEqual([web.id, database.id].sort());
    expect(closed.lists.upsert).toMatchObject([{ ingress: [], egress: [] }]);
    expect(closed.groups.remove).toHaveLength(2);
    calculator.setCatalogue({ types: ['role', 'app', 'env'], labels: LABELS });
    expect(ids(calculator.flush(CLUSTER).units.upsert)).toEqual([web.id, database.id].sort());
  });

  it('of an IP list changes a group and no unit', () => {
    const calculator = shop();
    calculator.setLabelSet(web, 'full');
    const list = { id: '1', name: 'office', description: '', fqdns: [] };
    const range = { to: null, exclusion: false, description: '' };
    calculator.setObject('ip_lists', { ...list, ranges: [{ ...range, from: '192.0.2.0/24' }] });
    calculator.setObject('enforcement_boundaries', {
      id: '5',
      name: 'office',
      enabled: true,
      providers: [label('1')],
      consumers: [{ kind: 'ip_list', id: '1' }],
      services: [{ kind: 'ports', ports: { proto: 6, from: 22 } }],
    });
    calculator.flush(CLUSTER);
    calculator.setObject('ip_lists', { ...list, ranges: [{ ...range, from: '198.51.100.0/24' }] });
    const changes = calculator.flush(CLUSTER);
    expect(changes.units).toEqual({ upsert: [], remove: [] });
    expect(changes.groups.upsert.map((group) => group.cidrs)).toEqual([['198.51.100.0/24']]);
  });

  it('follows an IP list whose rule came, went and came again between two flushes', () => {
    const calculator = shop();
    for (const labelSet of [web, database]) calculator.setLabelSet(labelSet, 'full');
    const list = { id: '1', name: 'office', description: '', fqdns: [] };
    const range = { to: null, exclusion: false, description: '' };
    calculator.setObject('ip_lists', { ...list, ranges: [{ ...range, from: '192.0.2.0/24' }] });
    calculator.flush(CLUSTER);
    const plain = ruleSet({ proto: 6, from: 5432 });
    const [rule] = plain.rules;
    const fromOffice = {
      ...plain,
      rules: [rule!, { ...rule!, id: '8', consumers: [{ kind: 'ip_list' as const, id: '1' }] }],
    };
    for (const one of [fromOffice, plain, fromOffice]) {
      calculator.setObject('rule_sets', one);
      calculator.flush('22222222-2222-4222-8222-222222222222');
    }
    expect(calculator.flush(CLUSTER).groups.upsert.map(({ cidrs }) => cidrs)).toEqual([['192.0.2.0/24']]);
    calculator.setObject('ip_lists', { ...list, ranges: [{ ...range, from: '198.51.100.0/24' }] });
    expect(calculator.flush(CLUSTER).groups.upsert.map(({ cidrs }) => cidrs)).toEqual([['198.51.100.0/24']]);
  });
});
