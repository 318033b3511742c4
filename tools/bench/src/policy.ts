/** bench: units, groups and addresses from zero; then one Pod, one label set, one rule more */
import type { Endpoint, RuleSet } from '@ringfence/contracts';
import { makeLabelSet } from '@ringfence/labels';
import { GroupMembers, PolicyCalculator } from '@ringfence/policy-engine';
import {
  distribution,
  liveHeapMb,
  milliseconds,
  ms,
  peakRssMb,
  print,
  processorMilliseconds,
} from './measure.js';
import type { Figure } from './measure.js';
import { allow, applications, CLUSTER, smallNamespaces, wide } from './policy-shapes.js';
import type { Shape } from './policy-shapes.js';

interface Computed {
  readonly calculator: PolicyCalculator;
  readonly members: GroupMembers;
  readonly units: number;
  readonly lists: number;
  readonly groups: number;
  readonly addresses: number;
}

function compute(shape: Shape): Computed {
  const calculator = new PolicyCalculator();
  const members = new GroupMembers();
  calculator.setCatalogue(shape.catalogue);
  for (const ruleSet of shape.ruleSets) calculator.setObject('rule_sets', ruleSet);
  for (const labelSet of shape.labelSets) calculator.setLabelSet(labelSet, 'full');
  const { units, lists, groups } = calculator.flush(CLUSTER);
  for (const group of groups.upsert) members.upsertGroup(group);
  for (const endpoint of shape.endpoints) members.upsertEndpoint(endpoint);
  const addresses = [...members.takeChanges().values()].reduce((sum, { added }) => sum + added.length, 0);
  const counts = { units: units.upsert.length, lists: lists.upsert.length, groups: groups.upsert.length };
  return { calculator, members, ...counts, addresses };
}

function fromZero(shape: Shape): { computed: Computed; time: number; figures: Figure[] } {
  const before = liveHeapMb();
  let computed: Computed | undefined;
  let time = 0;
  const processor = processorMilliseconds(() => {
    time = milliseconds(() => (computed = compute(shape)));
  });
  const peak = peakRssMb();
  const heap = liveHeapMb() - before;
  const { units, lists, groups, addresses } = computed!;
  const figures = [
    { what: 'from zero', value: `${ms(time)} by the clock, ${ms(processor)} of processors` },
    {
      what: 'units / rule lists / groups / addresses in groups',
      value: `${units} / ${lists} / ${groups} / ${addresses}`,
    },
    {
      what: 'memory kept',
      value: `${heap.toFixed(0)} MB heap (process peak ${peak.toFixed(0)} MB, input included)`,
    },
  ];
  return { computed: computed!, time, figures };
}

/** Each change undone is a change too, so a run leaves the world as it found it. */
function changes({ calculator, members }: Computed, shape: Shape, naiveMs: number): Figure[] {
  const home = shape.labelSets[7]!;
  const pod: Endpoint = { ...shape.endpoints[7]!, id: 'one-more', addresses: ['192.0.2.1'] };
  const onePod = distribution(400, (i) => {
    if (i % 2 === 0) members.upsertEndpoint(pod);
    else members.removeEndpoint(pod.id);
    members.takeChanges();
  });
  const fresh = makeLabelSet({ cluster: CLUSTER, namespace: 'one-more', class: 'pod', labels: home.labels });
  const oneLabelSet = distribution(400, (i) => {
    if (i % 2 === 0) calculator.setLabelSet(fresh, 'full');
    else calculator.removeLabelSet(fresh.id);
    for (const group of calculator.flush(CLUSTER).groups.upsert) members.upsertGroup(group);
  });
  const ruleSet = shape.ruleSets[0]!;
  const first = ruleSet.rules.at(-1)!;
  const changed: RuleSet = {
    ...ruleSet,
    rules: [
      ...ruleSet.rules.slice(0, -1),
      allow(Number(first.id), first.providers[0]!, first.consumers[0]!, 9999),
    ],
  };
  let records = 0;
  const oneRule = distribution(400, (i) => {
    calculator.setObject('rule_sets', i % 2 === 0 ? changed : ruleSet);
    const { units, lists } = calculator.flush(CLUSTER);
    records = units.upsert.length + units.remove.length + lists.upsert.length + lists.remove.length;
  });
  const figure = (what: string, { median, p99 }: { median: number; p99: number }): Figure => ({
    what,
    value: `${ms(median)} (p99 ${ms(p99)}), ${Math.round(naiveMs / median).toLocaleString('en')} × less than from zero`,
  });
  return [
    figure('one Pod of a known label set', onePod),
    figure('one new label set', oneLabelSet),
    figure('one rule changed', oneRule),
    { what: 'units and lists told of it', value: String(records) },
  ];
}

function run(title: string, shape: Shape): void {
  const { computed, time, figures } = fromZero(shape);
  print(title, [...figures, ...changes(computed, shape, time)]);
}

run('10,000 Pods in 500 label sets, 1,000 rules', applications());
run('100,000 Pods in 50,000 label sets, 75,000 rules of 25,000 small namespaces', smallNamespaces());
run('250,000 endpoints with a label set each, 10,000 policies of 5 rules, 29 markers', wide());
