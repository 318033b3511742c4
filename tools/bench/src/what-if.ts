/** bench: what another policy would change for a million connections seen, and what explaining one of them takes */
import type { EntityFact, FactChange } from '@ringfence/policy-compute/facts';
import { entityEnd, judgedByLabels } from '@ringfence/policy-compute/judged-by-labels';
import { PolicyPreview } from '@ringfence/policy-compute/policy-preview';
import { whatIf } from '@ringfence/policy-compute/what-if';
import type { PolicyObjects, RuleSet } from '@ringfence/contracts';
import { distribution, milliseconds, ms, peakRssMb, print, processorMilliseconds } from './measure.js';
import { applications } from './policy/own-shapes.js';
import { allow, CLUSTER, label, tcp } from './policy/shape.js';

const EDGES = 1_000_000;
const WORKLOADS = 10_000;

const { catalogue, labelSets, ruleSets } = applications();

const entities = Array.from({ length: WORKLOADS }, (_, i): EntityFact => {
  const { namespace, labels } = labelSets[i % labelSets.length]!;
  return {
    ...{ id: `w-${i}`, cluster: CLUSTER, class: 'pod', kind: 'Deployment', namespace, name: `workload-${i}` },
    ...{ labels, mode: 'full', addresses: [], node: null },
  };
});

const ends = entities.map(entityEnd);

/** Anybody calls anybody, mostly within an application; as the route makes them of what it is given. */
function edgesSeen() {
  let state = 7;
  const next = (below: number): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % below;
  };
  return Array.from({ length: EDGES }, () => {
    const from = next(WORKLOADS);
    const near = from - (from % 10) + next(10);
    const to = next(4) === 0 ? next(WORKLOADS) : near;
    return {
      from: ends[from]!,
      to: ends[to]!,
      proto: 6,
      port: 8_000 + next(20),
      connections: 1,
      lastSeen: '',
      essential: false,
    };
  });
}

const objects = (rule_sets: readonly RuleSet[]): PolicyObjects => ({
  ...{ version: 1, ip_lists: [], services: [], label_groups: [], rule_sets: [...rule_sets] },
  ...{ enforcement_boundaries: [], virtual_services: [], service_bindings: [] },
});

const facts = [
  ...catalogue.labels.map((state) => ({ kind: 'label' as const, state })),
  ...entities.map((state) => ({ kind: 'entity' as const, state })),
].map(({ kind, state }) => ({ kind, id: state.id, position: 0, cluster: CLUSTER, state }) as FactChange);

const [first, ...others] = ruleSets as [RuleSet, ...RuleSet[]];
const role = catalogue.labels[0]!;
const opened = allow(99, { providers: [label(role)], consumers: [label(role)], ports: tcp(8_001) });
const before = objects(ruleSets);
const after = objects([{ ...first, rules: [...first.rules.slice(1), opened] }, ...others]);

const preview = new PolicyPreview(facts);
const seen = edgesSeen();
const world = {
  ...{ entities: new Map(entities.map((one) => [one.id, one])), preview, before, after },
  modeOf: () => undefined,
};
preview.with(before);

let found: ReturnType<typeof whatIf> | undefined;
let time = 0;
const processor = processorMilliseconds(() => (time = milliseconds(() => (found = whatIf(seen, world)))));
const standing = preview.with(before);
const explained = distribution(2_000, (i) => {
  const { from, to, proto, port } = seen[i * 400]!;
  judgedByLabels({ from, to, packet: { proto, port } }, (cluster) => standing.get(cluster));
});
print(`${WORKLOADS} workloads of ${labelSets.length} label sets, 1,000 rules, ${EDGES} connections seen`, [
  {
    what: 'what would change',
    value: `${ms(time)} by the clock, ${ms(processor)} of processors; target 1 s`,
  },
  {
    what: 'verdicts that flip / pairs gained / lost',
    value: `${found!.flips.length} / ${found!.pairs.gained.length} / ${found!.pairs.lost.length}`,
  },
  {
    what: 'one connection explained',
    value: `${ms(explained.median)} (p99 ${ms(explained.p99)}); target 1 ms`,
  },
  { what: 'memory', value: `process peak ${peakRssMb().toFixed(0)} MB` },
]);
