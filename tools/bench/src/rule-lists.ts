/** bench: what clas-cache makes of 250,000 units with 29 rule lists, if all of them lived in one cluster; and of one list that changed */
import { EffectiveUnits } from '@ringfence/clas-cache/effective-units';
import { PolicyBuffer } from '@ringfence/clas-cache/policy-buffer';
import type { CommittedPolicy } from '@ringfence/clas-cache/policy-buffer';
import type { Rule } from '@ringfence/contracts';
import { PolicyCalculator } from '@ringfence/policy-engine';
import { ms, peakRssMb, print, processorMilliseconds } from './measure.js';
import type { Figure } from './measure.js';
import { wide } from './policy/felix-shapes.js';
import { CLUSTER } from './policy/shape.js';

const AT = '2026-11-20T10:00:00.000Z';
const NO_DNS = { labelSets: [], cidrs: [] };
const CHANGES = 20;

type Flushed = ReturnType<PolicyCalculator['flush']>;

/** The control plane's records as clas-cache hears them: nothing is removed. */
class Heard {
  private readonly buffer = new PolicyBuffer();
  private readonly ids = { unit: new Set<string>(), list: new Set<string>(), group: new Set<string>() };
  private flush = 0;

  commit({ units, lists, groups }: Flushed): CommittedPolicy {
    const { buffer, ids } = this;
    const flush = (this.flush += 1);
    for (const unit of units.upsert) buffer.set('unit', noted(ids.unit, unit.labelSet.id), flush, unit);
    for (const list of lists.upsert) buffer.set('list', noted(ids.list, list.id), flush, list);
    for (const group of groups.upsert) buffer.set('group', noted(ids.group, group.id), flush, group);
    const counts = { unit: ids.unit.size, list: ids.list.size, group: ids.group.size, endpoint: 0 };
    const committed = buffer.commit({ flush, policyVersion: flush, at: AT, hash: '', counts });
    if (committed === null) throw new Error(buffer.lacking ?? 'the commit closes nothing');
    return committed;
  }
}

function noted(ids: Set<string>, id: string): string {
  ids.add(id);
  return id;
}

function main(): void {
  const { catalogue, ruleSets, labelSets } = wide();
  const calculator = new PolicyCalculator();
  calculator.setCatalogue(catalogue);
  for (const ruleSet of ruleSets) calculator.setObject('rule_sets', ruleSet);
  for (const labelSet of labelSets) calculator.setLabelSet(labelSet, 'full');
  const flushed = calculator.flush(CLUSTER);
  const heard = new Heard();
  const effective = new EffectiveUnits();
  const settle = (policy: CommittedPolicy): number => {
    effective.setPolicy(policy);
    return effective.flush(() => undefined, NO_DNS).units.upsert.length;
  };
  let [policy, told]: [CommittedPolicy | undefined, number] = [undefined, 0];
  const committed = processorMilliseconds(() => (policy = heard.commit(flushed)));
  for (const labelSet of labelSets) effective.use(labelSet, 'full');
  const made = processorMilliseconds(() => (told = settle(policy!)));
  const figures: Figure[] = [
    { what: 'the commit, processor time', value: ms(committed) },
    { what: 'the effective units, processor time', value: `${ms(made)}, ${told} told` },
    { what: 'process peak, input included', value: `${peakRssMb().toFixed(0)} MB` },
  ];
  const ruleSet = ruleSets[0]!;
  const last = ruleSet.rules.at(-1)!;
  const changed = processorMilliseconds(() => {
    for (let i = 0; i < CHANGES; i += 1) {
      const rule: Rule = { ...last, services: [{ kind: 'ports', ports: { proto: 6, from: 9_000 + i } }] };
      calculator.setObject('rule_sets', { ...ruleSet, rules: [...ruleSet.rules.slice(0, -1), rule] });
      told = settle(heard.commit(calculator.flush(CLUSTER)));
    }
  });
  figures.push({
    what: 'one rule changed, to the effective units, processor time on average',
    value: `${ms(changed / CHANGES)}, ${told} told`,
  });
  const { units, lists, groups } = flushed;
  print(
    `${units.upsert.length} units of one cluster, ${lists.upsert.length} rule lists, ${groups.upsert.length} groups`,
    figures,
  );
}

main();
