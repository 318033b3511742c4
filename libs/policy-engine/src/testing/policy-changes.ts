/** Changes of what policy is made of, and any sequence of them; each does the same to a calculator and to a plain state. */
import fc from 'fast-check';
import type { ComputedType, LabelSetId, PolicyObjects, SeenFromOutside } from '@ringfence/contracts';
import type { PolicyCalculator } from '../policy.calculator.js';
import type { ProvisionableObjects } from '../policy-source.js';
import {
  ABROAD,
  anyBoundary,
  anyIpList,
  anyLabelGroup,
  anyObjects,
  anyRuleSet,
  anyService,
  anyServiceBinding,
  anyVirtualService,
  WORKLOADS,
} from './arbitrary-objects.js';
import {
  ADDRESSES_ABROAD,
  anyCatalogue,
  anyLabelSet,
  anyLabelSetAbroad,
  anyMode,
  anySeen,
  anySubnets,
  CLUSTER,
} from './arbitrary-world.js';
import type { World } from './world.js';

/** `apply` does it to a calculator, `to` to the state itself. */
export interface Change {
  readonly name: string;
  apply(calculator: PolicyCalculator): void;
  to(state: State): void;
}
export interface State {
  catalogue: World['catalogue'];
  readonly objects: Map<string, { type: ComputedType; object: ProvisionableObjects[ComputedType] }>;
  readonly labelSets: Map<LabelSetId, World['labelSets'][number]>;
  readonly workloads: Map<string, LabelSetId>;
  readonly seen: Map<string, SeenFromOutside>;
  readonly subnets: Map<string, string[]>;
}
export const emptyState = (): State => ({
  catalogue: { types: [], labels: [] },
  objects: new Map(),
  labelSets: new Map(),
  workloads: new Map(),
  seen: new Map(),
  subnets: new Map(),
});

export function worldOf(state: State): World {
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
      virtual_services: of('virtual_services'),
      service_bindings: of('service_bindings'),
    },
    labelSets: [...state.labelSets.values()],
    workloads: state.workloads,
    seen: state.seen,
    subnets: state.subnets,
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
/** Enough of them elsewhere, and there those workloads. */
const abroad = fc.sample(anyLabelSetAbroad, { numRuns: 4, seed: 7 });
const someLabelSet = fc.constantFrom(...labelSets, ...abroad);
const someWorkload = fc.oneof(
  fc.tuple(fc.constantFrom(...WORKLOADS, ...ABROAD), fc.option(someLabelSet)),
  fc.tuple(fc.constantFrom(...ABROAD), fc.option(fc.constantFrom(...abroad))),
);

const anyChange: fc.Arbitrary<Change> = fc.oneof(
  { weight: 4, arbitrary: objectChange('rule_sets', anyRuleSet) },
  { weight: 2, arbitrary: objectChange('label_groups', anyLabelGroup) },
  { weight: 1, arbitrary: objectChange('services', anyService) },
  { weight: 1, arbitrary: objectChange('ip_lists', anyIpList) },
  { weight: 1, arbitrary: objectChange('enforcement_boundaries', anyBoundary) },
  { weight: 2, arbitrary: objectChange('virtual_services', anyVirtualService) },
  { weight: 2, arbitrary: objectChange('service_bindings', anyServiceBinding) },
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
    arbitrary: someWorkload.map(([workload, labelSet]): Change => ({
      name: `${workload} is in ${labelSet?.id}`,
      apply: (calculator) => calculator.setWorkload(workload, labelSet?.id ?? null),
      to: (state) =>
        labelSet === null ? state.workloads.delete(workload) : state.workloads.set(workload, labelSet.id),
    })),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(fc.constantFrom(...WORKLOADS, ...ABROAD), fc.option(anySeen))
      .map(([workload, seen]): Change => ({
        name: `${workload} is seen at ${seen?.addresses.join()}`,
        apply: (calculator) => calculator.setSeenFromOutside(workload, seen),
        to: (state) => (seen === null ? state.seen.delete(workload) : state.seen.set(workload, seen)),
      })),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.constantFrom(...WORKLOADS), fc.option(anySubnets))
      .map(([workload, subnets]): Change => ({
        name: `${workload} is in ${subnets?.join()}`,
        apply: (calculator) => calculator.setSubnets(workload, subnets),
        to: (state) =>
          subnets === null ? state.subnets.delete(workload) : state.subnets.set(workload, subnets),
      })),
  },
);
/** One that is hidden, and one that is not. */
const peopled: readonly Change[] = ABROAD.map((workload, i) => {
  const labelSet = abroad[i]!;
  const seen = { addresses: [ADDRESSES_ABROAD[i]!], isHidden: i === 0 };
  return {
    name: `${workload} is in ${labelSet.id}, abroad`,
    apply: (calculator) => {
      calculator.setLabelSet(labelSet, 'full');
      calculator.setWorkload(workload, labelSet.id);
      calculator.setSeenFromOutside(workload, seen);
    },
    to: (state) => {
      state.labelSets.set(labelSet.id, { labelSet, mode: 'full' });
      state.workloads.set(workload, labelSet.id);
      state.seen.set(workload, seen);
    },
  };
});

export const anySequence: fc.Arbitrary<Change[]> = fc
  .tuple(anyCatalogue, anyObjects, fc.array(anyChange, { minLength: 1, maxLength: 40 }))
  .map(([catalogue, objects, changes]): Change[] => [
    {
      name: 'start',
      apply: (calculator) => {
        calculator.setCrossing(true);
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
    ...peopled,
    ...changes,
  ]);
