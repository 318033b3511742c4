/** 10,000 workloads in 500 label sets under 1,000 rules of which one is to be another one, and who calls whom among them. */
import type { EntityFact, FactChange } from '@ringfence/policy-compute/facts';
import type { PolicyObjects, RuleSet } from '@ringfence/contracts';
import { applications } from './policy/own-shapes.js';
import { allow, CLUSTER, label, tcp } from './policy/shape.js';

export { CLUSTER };

export const WORKLOADS = 10_000;

export const { catalogue, labelSets, ruleSets } = applications();

export const entities = Array.from({ length: WORKLOADS }, (_, i): EntityFact => {
  const { namespace, labels } = labelSets[i % labelSets.length]!;
  return {
    ...{ id: `w-${i}`, cluster: CLUSTER, class: 'pod', kind: 'Deployment', namespace, name: `workload-${i}` },
    ...{ labels, mode: 'full', addresses: [], node: null },
  };
});

export interface Call {
  readonly from: number;
  readonly to: number;
  readonly port: number;
}

/** Anybody calls anybody, mostly within an application. */
export function callsSeen(count: number): Call[] {
  let state = 7;
  const next = (below: number): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % below;
  };
  return Array.from({ length: count }, () => {
    const from = next(WORKLOADS);
    const near = from - (from % 10) + next(10);
    const to = next(4) === 0 ? next(WORKLOADS) : near;
    return { from, to, port: 8_000 + next(20) };
  });
}

const objects = (rule_sets: readonly RuleSet[]): PolicyObjects => ({
  ...{ version: 1, ip_lists: [], services: [], label_groups: [], rule_sets: [...rule_sets] },
  ...{ enforcement_boundaries: [], virtual_services: [], service_bindings: [] },
});

export const facts = [
  ...catalogue.labels.map((state) => ({ kind: 'label' as const, state })),
  ...entities.map((state) => ({ kind: 'entity' as const, state })),
].map(({ kind, state }) => ({ kind, id: state.id, position: 0, cluster: CLUSTER, state }) as FactChange);

const [first, ...others] = ruleSets as [RuleSet, ...RuleSet[]];
const role = catalogue.labels[0]!;
const opened = allow(99, { providers: [label(role)], consumers: [label(role)], ports: tcp(8_001) });
export const before = objects(ruleSets);
export const after = objects([{ ...first, rules: [...first.rules.slice(1), opened] }, ...others]);
/** In every rule set. */
export const everywhere = objects(ruleSets.map((each) => ({ ...each, rules: each.rules.slice(1) })));
