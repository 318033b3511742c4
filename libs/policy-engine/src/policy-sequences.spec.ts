/** Whatever changes, in whatever order, and whenever it is asked: what was told is what a calculator from zero would say. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PolicyCalculator } from './policy.calculator.js';
import {
  anyWorld,
  CLUSTER,
  computePolicy,
  inCluster,
  naivePolicy,
  plainPolicy,
  ToldPolicy,
} from './testing/index.js';
import { anySequence, emptyState, worldOf } from './testing/policy-changes.js';
import type { Change } from './testing/policy-changes.js';

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
        fc.array(fc.boolean(), { minLength: 43, maxLength: 43 }),
        (changes, flushes) => {
          const told = run(changes, (i) => flushes[i]!);
          const state = emptyState();
          for (const change of changes) change.to(state);
          const world = worldOf(state);
          const fresh = computePolicy(world);
          expect(told.listed).toEqual(fresh.listed);
          expect(told.lists).toEqual(fresh.lists);
          expect(told.groups).toEqual(fresh.groups);
          expect(plainPolicy(inCluster(world, told))).toEqual(naivePolicy(world));
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
        calculator.setCrossing(true);
        for (const [workload, subnets] of world.subnets ?? []) calculator.setSubnets(workload, subnets);
        for (const [workload, seen] of world.seen ?? []) calculator.setSeenFromOutside(workload, seen);
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
