import { GLOBAL } from '@ringfence/contracts';
import type { PolicyObjects } from '@ringfence/contracts';
import { makeLabelSet } from '@ringfence/labels';
import { expectStateSequence } from '@ringfence/testing';
import type { CalculatorUnderTest, WorldState } from '@ringfence/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { entity, label } from '../testing/fact-builders.js';
import { ipList, labelGroup, rule, ruleSet } from '../testing/policy-builders.js';
import type { EntityFact, FactChange, Facts } from './facts.js';
import { PolicyFeed } from './policy-feed.calculator.js';
import { StandingPolicy } from './standing-policy.js';

/** A world's key is `label/…`, `entity/…`, `profile/…`, or `objects`. */
type Value = Facts[keyof Facts] | PolicyObjects;

const NO_OBJECTS: PolicyObjects = {
  version: 1,
  ip_lists: [],
  services: [],
  label_groups: [],
  rule_sets: [],
  enforcement_boundaries: [],
  virtual_services: [],
  service_bindings: [],
};

function applyTo(feed: PolicyFeed, key: string, value: Value | undefined): void {
  if (key === 'objects') return feed.setObjects((value as PolicyObjects | undefined) ?? NO_OBJECTS);
  const [kind, id] = key.split('/') as [FactChange['kind'], string];
  feed.apply({ kind, id, position: 0, cluster: GLOBAL, state: value ?? null } as FactChange);
}

const shown = (standing: ReadonlyMap<string, StandingPolicy>): unknown =>
  Object.fromEntries(
    [...standing].map(([cluster, policy]) => [
      cluster,
      Object.fromEntries(policy.keys().map((key) => [`${key.kind}/${key.id}`, policy.record(key)])),
    ]),
  );

function underTest(): CalculatorUnderTest<Value, unknown> {
  const feed = new PolicyFeed();
  const standing = new Map<string, StandingPolicy>();
  return {
    apply: (key, value) => applyTo(feed, key, value),
    flush: () => {
      const clusters = feed.clusters();
      for (const cluster of standing.keys()) {
        if (clusters.includes(cluster)) continue;
        standing.delete(cluster);
        feed.forget(cluster);
      }
      for (const cluster of clusters) {
        const policy = standing.get(cluster) ?? new StandingPolicy();
        standing.set(cluster, policy);
        policy.apply(feed.flush(cluster));
      }
      return shown(standing);
    },
  };
}

/** From nothing, everything at once. */
function fromScratch(world: WorldState<Value>): unknown {
  const calculator = underTest();
  for (const [key, value] of Object.entries(world)) calculator.apply(key, value);
  return calculator.flush();
}

const profile = (id: string, over: Partial<Facts['profile']> = {}): Facts['profile'] => ({
  id,
  cluster: 'c1',
  namespace: 'shop',
  managed: true,
  mode: 'selective',
  ...over,
});
const labelled = (id: string) => ({ kind: 'label' as const, id, exclusion: false });
const objects = (over: Partial<PolicyObjects>): PolicyObjects => ({ ...NO_OBJECTS, ...over });
const webToDb = ruleSet('1', {
  scopes: [[labelled('11')]],
  rules: [
    rule('1', { providers: [labelled('2')], consumers: [labelled('1'), { kind: 'ip_list', id: '2' }] }),
  ],
});
const named = ruleSet('2', {
  rules: [
    rule('2', {
      providers: [{ kind: 'workload', id: 'db' }],
      consumers: [{ kind: 'label_group', id: 'g', exclusion: false }],
    }),
  ],
});

const CATALOGUE = {
  'label/1': label('1', 'role'),
  'label/2': label('2', 'role'),
  'label/11': label('11', 'app'),
};
const SHOP = {
  ...CATALOGUE,
  'entity/web': entity('web', { labels: ['1', '11'] }),
  'entity/db': entity('db', { labels: ['2', '11'] }),
  'profile/p': profile('p'),
};

describe('the feed of policy', () => {
  it('gives the same records whatever way led to the state', () => {
    const policy = objects({
      ip_lists: [ipList('2')],
      label_groups: [labelGroup('g', { labels: ['1'] })],
      rule_sets: [webToDb, named],
    });
    expectStateSequence<Value, unknown>({
      make: underTest,
      oracle: fromScratch,
      states: [
        SHOP,
        { ...SHOP, objects: policy },
        {
          ...SHOP,
          objects: policy,
          'entity/db': entity('db', { labels: ['2'] }),
          'profile/p': profile('p', { mode: 'full' }),
        },
        {
          ...SHOP,
          objects: objects({ rule_sets: [named] }),
          'entity/host': entity('host', {
            cluster: GLOBAL,
            namespace: null,
            class: 'unmanaged',
            addresses: ['192.0.2.1'],
          }),
        },
        {
          ...SHOP,
          objects: policy,
          'entity/node': entity('node', {
            namespace: null,
            class: 'node',
            node: 'n1',
            addresses: ['10.0.0.1'],
          }),
          'profile/q': profile('q', { cluster: 'c2' }),
        },
        { 'profile/q': profile('q', { cluster: 'c2' }), objects: policy },
      ],
    });
  });

  it('gives the same records after random changes as from scratch', () => {
    const labels = fc.subarray(['1', '2', '11']);
    const modes = fc.constantFrom('full', 'selective', 'visibility_only') as fc.Arbitrary<EntityFact['mode']>;
    const pods = fc.record({
      labels,
      mode: modes,
      cluster: fc.constantFrom('c1', 'c2'),
      namespace: fc.constantFrom('shop', 'other'),
      outside: fc.constantFrom<EntityFact['outside']>(
        undefined,
        { addresses: ['10.0.0.1'], isHidden: true },
        { addresses: ['10.244.0.1', '10.244.0.2'], isHidden: false },
      ),
    });
    const values: Record<string, fc.Arbitrary<Value>> = {
      'label/1': fc.constant(label('1', 'role')),
      'label/2': fc.constantFrom(label('2', 'role'), label('2', 'app')),
      'label/11': fc.constant(label('11', 'app')),
      'entity/web': pods.map((over) => entity('web', over)),
      'entity/db': pods.map((over) => entity('db', over)),
      'entity/host': labels.map((own) =>
        entity('host', {
          cluster: GLOBAL,
          namespace: null,
          class: 'unmanaged',
          labels: own,
          addresses: ['192.0.2.1'],
        }),
      ),
      'entity/node': modes.map((mode) =>
        entity('node', { namespace: null, class: 'node', node: 'n1', mode, addresses: ['10.0.0.1'] }),
      ),
      'entity/abroad': fc.boolean().map((lost) =>
        entity('abroad', {
          ...{ cluster: 'c2', namespace: null, class: 'node', node: 'n1', lost },
          outside: { addresses: ['10.2.0.1'], isHidden: false },
        }),
      ),
      'profile/p': modes.map((mode) => profile('p', { mode })),
      'profile/q': fc.boolean().map((managed) => profile('q', { cluster: 'c2', managed })),
      objects: fc.subarray([webToDb, named]).map((rules) =>
        objects({
          ip_lists: [ipList('2')],
          label_groups: [labelGroup('g', { labels: ['1'] })],
          rule_sets: rules,
        }),
      ),
    };
    const state = fc.record(values, { requiredKeys: [] });
    fc.assert(
      fc.property(fc.array(state, { minLength: 1, maxLength: 6 }), (states) => {
        const calculator = underTest();
        for (const next of states) {
          for (const key of Object.keys(values)) calculator.apply(key, next[key]);
          expect(calculator.flush()).toEqual(fromScratch(next as WorldState<Value>));
        }
      }),
      { numRuns: 150 },
    );
  });

  it('takes the mode of a namespace from its profile while its workloads are told one by one', () => {
    const calculator = underTest();
    for (const [key, value] of Object.entries(SHOP)) calculator.apply(key, value);
    const unit = `unit/${makeLabelSet({ cluster: 'c1', namespace: 'shop', class: 'pod', labels: ['1', '11'] }).id}`;
    expect(calculator.flush()).toMatchObject({ c1: { [unit]: { mode: 'selective' } } });
    calculator.apply('profile/p', undefined);
    calculator.apply('profile/other', profile('other', { namespace: 'other' }));
    expect(calculator.flush()).toMatchObject({ c1: { [unit]: { mode: 'full' } } });
  });

  it('tells unmanaged workloads to every cluster, nodes to their own, and Pods to none', () => {
    const calculator = underTest();
    calculator.apply('profile/p', profile('p'));
    calculator.apply('profile/q', profile('q', { cluster: 'c2' }));
    calculator.apply(
      'entity/host',
      entity('host', { cluster: GLOBAL, namespace: null, class: 'unmanaged', addresses: ['192.0.2.1'] }),
    );
    calculator.apply(
      'entity/node',
      entity('node', { namespace: null, class: 'node', node: 'n1', addresses: ['10.0.0.1'], mode: 'idle' }),
    );
    calculator.apply('entity/web', entity('web', { addresses: ['10.1.0.1'] }));
    const output = calculator.flush() as Record<string, Record<string, unknown>>;
    expect(output['c1']).toMatchObject({
      'endpoint/host': { addresses: ['192.0.2.1'] },
      'endpoint/n1': { workload: 'node', mode: 'idle' },
    });
    expect(Object.keys(output['c1']!).filter((key) => key.startsWith('endpoint/'))).toHaveLength(2);
    expect(Object.keys(output['c2']!)).toEqual(['endpoint/host']);
  });

  it('tells each cluster of others only where whoever rules mean there is seen from', () => {
    const calculator = underTest();
    for (const [key, value] of Object.entries(CATALOGUE)) calculator.apply(key, value);
    const role = (id: string, over: Partial<EntityFact>): EntityFact =>
      entity(id, { labels: ['1', '11'], ...over });
    const host = { class: 'node', namespace: null, node: 'n1', labels: ['2', '11'] } as const;
    const outside = { addresses: ['192.0.2.1'], isHidden: true };
    calculator.apply('entity/web', role('web', { outside }));
    calculator.apply('entity/n1', entity('n1', { ...host, addresses: ['10.244.0.1'] }));
    calculator.apply(
      'entity/n2',
      entity('n2', {
        ...host,
        cluster: 'c2',
        addresses: ['10.244.0.1', '198.51.100.1'],
        outside: { addresses: ['198.51.100.1'], isHidden: false },
      }),
    );
    calculator.apply('objects', objects({ ip_lists: [ipList('2', { ranges: [] })], rule_sets: [webToDb] }));
    const cidrs = (): string[][] =>
      Object.values(calculator.flush() as Record<string, Record<string, { cidrs?: string[] }>>).map(
        (records) => Object.values(records).flatMap((record) => record.cidrs ?? []),
      );
    expect(cidrs()).toEqual([['198.51.100.1/32'], ['192.0.2.1/32']]);
    calculator.apply(
      'entity/n2',
      entity('n2', {
        ...host,
        cluster: 'c2',
        lost: true,
        outside: { addresses: ['198.51.100.1'], isHidden: false },
      }),
    );
    expect(cidrs()).toEqual([[], ['192.0.2.1/32']]);
    calculator.apply('entity/n2', undefined);
    expect(cidrs()).toEqual([[]]);
  });

  it('means by hosts the subnets of their interfaces where a rule says so, and their addresses where none are known', () => {
    const calculator = underTest();
    for (const [key, value] of Object.entries(CATALOGUE)) calculator.apply(key, value);
    const consumers = [labelled('1')];
    const subnetsOf = ['consumers' as const];
    const said = ruleSet('1', { rules: [rule('1', { providers: [labelled('2')], consumers, subnetsOf })] });
    const db = { class: 'node', namespace: null, node: 'n1', labels: ['2'] } as const;
    const host = { cluster: GLOBAL, namespace: null, class: 'unmanaged', addresses: ['192.0.2.7'] } as const;
    calculator.apply('objects', objects({ rule_sets: [said] }));
    calculator.apply('entity/db', entity('db', db));
    const ingress = (subnets?: string[]): unknown => {
      calculator.apply('entity/host', entity('host', { ...host, ...(subnets && { subnets }) }));
      const records = (
        calculator.flush() as Record<string, Record<string, { cidrs?: string[]; labelSets?: string[] }>>
      )['c1'];
      return Object.values(records ?? {}).flatMap(({ cidrs = [], labelSets = [] }) => [
        ...cidrs,
        ...labelSets,
      ]);
    };
    expect(ingress()).toEqual(['192.0.2.7/32']);
    expect(ingress(['192.0.2.7/24', '198.51.100.9/32'])).toEqual(['192.0.2.0/24', '198.51.100.9/32']);
  });

  it('keeps the node of a workload that was paired anew when the old workload goes', () => {
    const calculator = underTest();
    const node = (id: string): EntityFact =>
      entity(id, { namespace: null, class: 'node', node: 'n1', addresses: ['10.0.0.1'] });
    calculator.apply('entity/old', node('old'));
    calculator.apply('entity/new', node('new'));
    calculator.apply('entity/old', undefined);
    expect(calculator.flush()).toMatchObject({ c1: { 'endpoint/n1': { workload: 'new' } } });
  });
});
