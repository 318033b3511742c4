import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type {
  ComputedType,
  LabelSetId,
  PolicyObjects,
  PortRange,
  RuleSet,
  UnitOfLists,
} from '@ringfence/contracts';
import { makeLabelSet } from '@ringfence/labels';
import { PolicyCalculator } from './policy.calculator.js';
import type { ProvisionableObjects } from './policy-source.js';
import {
  anyBoundary,
  anyCatalogue,
  anyIpList,
  anyLabelGroup,
  anyLabelSet,
  anyMode,
  anyObjects,
  anyRuleSet,
  anyService,
  anyWorld,
  CLUSTER,
  computePolicy,
  LABELS,
  naivePolicy,
  plainPolicy,
  ToldPolicy,
  WORKLOADS,
} from './testing/index.js';
import type { World } from './testing/index.js';

describe('the policy of a world', () => {
  it('is what its words say, computed naively from the objects', () => {
    fc.assert(
      fc.property(anyWorld, (world) => {
        expect(plainPolicy(computePolicy(world))).toEqual(naivePolicy(world));
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

/** A change of state; `apply` does it to a calculator, `to` to the state itself. */
interface Change {
  readonly name: string;
  apply(calculator: PolicyCalculator): void;
  to(state: State): void;
}
interface State {
  catalogue: World['catalogue'];
  readonly objects: Map<string, { type: ComputedType; object: ProvisionableObjects[ComputedType] }>;
  readonly labelSets: Map<LabelSetId, World['labelSets'][number]>;
  readonly workloads: Map<string, LabelSetId>;
}
const emptyState = (): State => ({
  catalogue: { types: [], labels: [] },
  objects: new Map(),
  labelSets: new Map(),
  workloads: new Map(),
});

function worldOf(state: State): World {
  const of = <T extends ComputedType>(type: T): ProvisionableObjects[T][] =>
    [...state.objects.values()].flatMap((one) =>
      one.type === type ? [one.object as ProvisionableObjects[T]] : [],
    );
  return {
    cluster: CLUSTER,
    catalogue: state.catalogue,
    objects: {
      version: 1,
      ip_lists: of('ip_lists'),
      services: of('services'),
      label_groups: of('label_groups'),
      rule_sets: of('rule_sets'),
      enforcement_boundaries: of('enforcement_boundaries'),
    },
    labelSets: [...state.labelSets.values()],
    workloads: state.workloads,
    endpoints: [],
    strangers: [],
  };
}

const objectChange = <T extends ComputedType>(type: T, any: fc.Arbitrary<ProvisionableObjects[T]>) =>
  fc.oneof(
    any.map((object): Change => ({
      name: `set ${type}/${object.id}`,
      apply: (calculator) => calculator.setObject(type, object),
      to: (state) => state.objects.set(`${type}/${object.id}`, { type, object }),
    })),
    any.map(({ id }): Change => ({
      name: `remove ${type}/${id}`,
      apply: (calculator) => calculator.removeObject(type, id),
      to: (state) => state.objects.delete(`${type}/${id}`),
    })),
  );

const labelSets = fc.sample(anyLabelSet, { numRuns: 12, seed: 7 });
const someLabelSet = fc.constantFrom(...labelSets);

const anyChange: fc.Arbitrary<Change> = fc.oneof(
  { weight: 4, arbitrary: objectChange('rule_sets', anyRuleSet) },
  { weight: 2, arbitrary: objectChange('label_groups', anyLabelGroup) },
  { weight: 1, arbitrary: objectChange('services', anyService) },
  { weight: 1, arbitrary: objectChange('ip_lists', anyIpList) },
  { weight: 1, arbitrary: objectChange('enforcement_boundaries', anyBoundary) },
  {
    weight: 1,
    arbitrary: anyCatalogue.map((catalogue): Change => ({
      name: `catalogue of ${catalogue.labels.length}`,
      apply: (calculator) => calculator.setCatalogue(catalogue),
      to: (state) => (state.catalogue = catalogue),
    })),
  },
  {
    weight: 4,
    arbitrary: fc.tuple(someLabelSet, anyMode).map(([labelSet, mode]): Change => ({
      name: `set ${labelSet.id}`,
      apply: (calculator) => calculator.setLabelSet(labelSet, mode),
      to: (state) => state.labelSets.set(labelSet.id, { labelSet, mode }),
    })),
  },
  {
    weight: 2,
    arbitrary: someLabelSet.map(({ id }): Change => ({
      name: `remove ${id}`,
      apply: (calculator) => calculator.removeLabelSet(id),
      to: (state) => state.labelSets.delete(id),
    })),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.constantFrom(...WORKLOADS), fc.option(someLabelSet))
      .map(([workload, labelSet]): Change => ({
        name: `${workload} is in ${labelSet?.id}`,
        apply: (calculator) => calculator.setWorkload(workload, labelSet?.id ?? null),
        to: (state) =>
          labelSet === null ? state.workloads.delete(workload) : state.workloads.set(workload, labelSet.id),
      })),
  },
);
const anySequence = fc
  .tuple(anyCatalogue, anyObjects, fc.array(anyChange, { minLength: 1, maxLength: 40 }))
  .map(([catalogue, objects, changes]): Change[] => [
    {
      name: 'start',
      apply: (calculator) => {
        calculator.setCatalogue(catalogue);
        calculator.setObjects(objects);
      },
      to: (state) => {
        state.catalogue = catalogue;
        for (const type of Object.keys(objects) as (keyof PolicyObjects)[]) {
          if (type === 'version') continue;
          for (const object of objects[type]) state.objects.set(`${type}/${object.id}`, { type, object });
        }
      },
    },
    ...changes,
  ]);

/** Applies the changes, flushing after those that `flushAfter` says, and keeps the reader's promises on the way. */
function run(changes: readonly Change[], flushAfter: (i: number) => boolean): ToldPolicy {
  const calculator = new PolicyCalculator();
  const told = new ToldPolicy();
  for (const [i, change] of changes.entries()) {
    change.apply(calculator);
    if (flushAfter(i)) tell(calculator, told);
  }
  tell(calculator, told);
  return told;
}

function tell(calculator: PolicyCalculator, told: ToldPolicy): void {
  const changes = calculator.flush(CLUSTER);
  for (const group of changes.groups.upsert) expect(told.groups.get(group.id)).not.toEqual(group);
  for (const list of changes.lists.upsert) expect(told.lists.get(list.id)).not.toEqual(list);
  for (const unit of changes.units.upsert) expect(told.listed.get(unit.labelSet.id)).not.toEqual(unit);
  for (const id of changes.units.remove) expect(told.listed.has(id)).toBe(true);
  for (const id of changes.lists.remove) expect(told.lists.has(id)).toBe(true);
  for (const id of changes.groups.remove) expect(told.groups.has(id)).toBe(true);
  told.apply(changes);
  plainPolicy(told);
}

describe('the incremental calculator', () => {
  it('agrees with itself from zero and with the words, for any sequence and any flush points', () => {
    fc.assert(
      fc.property(
        anySequence,
        fc.array(fc.boolean(), { minLength: 41, maxLength: 41 }),
        (changes, flushes) => {
          const told = run(changes, (i) => flushes[i]!);
          const state = emptyState();
          for (const change of changes) change.to(state);
          const world = worldOf(state);
          const fresh = computePolicy(world);
          expect(told.listed).toEqual(fresh.listed);
          expect(told.lists).toEqual(fresh.lists);
          expect(told.groups).toEqual(fresh.groups);
          expect(plainPolicy(told)).toEqual(naivePolicy(world));
        },
      ),
      { numRuns: 400 },
    );
  });

  it('does not care for repetitions', () => {
    fc.assert(
      fc.property(anySequence, (changes) => {
        const doubled = changes.flatMap((change) => [change, change]);
        const [once, twice] = [run(changes, () => false), run(doubled, () => true)];
        expect(twice.listed).toEqual(once.listed);
        expect(twice.lists).toEqual(once.lists);
        expect(twice.groups).toEqual(once.groups);
      }),
    );
  });

  it('does not care for the order in which a state is given', () => {
    fc.assert(
      fc.property(anyWorld, (world) => {
        const calculator = new PolicyCalculator();
        const told = new ToldPolicy();
        for (const [workload, labelSet] of [...world.workloads].reverse())
          calculator.setWorkload(workload, labelSet);
        tell(calculator, told);
        for (const { labelSet, mode } of world.labelSets.toReversed()) calculator.setLabelSet(labelSet, mode);
        tell(calculator, told);
        for (const ruleSet of world.objects.rule_sets.toReversed())
          calculator.setObject('rule_sets', ruleSet);
        calculator.setObjects(world.objects);
        tell(calculator, told);
        calculator.setCatalogue(world.catalogue);
        tell(calculator, told);
        const fresh = computePolicy(world);
        expect(told.listed).toEqual(fresh.listed);
        expect(told.lists).toEqual(fresh.lists);
        expect(told.groups).toEqual(fresh.groups);
      }),
    );
  });

  it('says nothing when the same objects are given again, copied', () => {
    fc.assert(
      fc.property(anyWorld, (world) => {
        const calculator = new PolicyCalculator();
        calculator.setCatalogue(world.catalogue);
        calculator.setObjects(world.objects);
        for (const { labelSet, mode } of world.labelSets) calculator.setLabelSet(labelSet, mode);
        calculator.flush(world.cluster);
        calculator.setObjects(structuredClone(world.objects));
        calculator.setCatalogue(structuredClone(world.catalogue));
        expect(calculator.flush(world.cluster)).toEqual({
          units: { upsert: [], remove: [] },
          lists: { upsert: [], remove: [] },
          groups: { upsert: [], remove: [] },
        });
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
});
