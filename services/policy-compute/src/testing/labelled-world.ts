/** A small world of labels for specs about traffic: workloads with one Pod each, edges between them, and the engine's answer. */
import type { Endpoint, LabelSetId, PolicyObjects, RuleSet } from '@ringfence/contracts';
import { labelSetId, makeLabelSet } from '@ringfence/labels';
import { evaluate } from '@ringfence/policy-engine';
import { computePolicy, membersOf } from '@ringfence/policy-engine/testing';
import type { World } from '@ringfence/policy-engine/testing';
import fc from 'fast-check';
import type { EntityFact, FactChange, LabelFact } from '../domain/facts.js';
import { entityEnd } from '../domain/judged-by-labels.js';
import type { SeenEdge } from '../domain/suggestion/seen-edge.js';
import { entity, label } from './fact-builders.js';

export const LABELS: readonly LabelFact[] = [
  label('1', 'role', 'web'),
  label('2', 'role', 'api'),
  label('3', 'role', 'db'),
  label('11', 'app', 'shop'),
  label('12', 'app', 'bank'),
  label('21', 'env', 'prod'),
  label('22', 'env', 'dev'),
];
export const ALL_SERVICES = { id: '1', name: 'All Services', description: '', ports: [{ proto: -1 }] };
export const objectsWith = (...ruleSets: RuleSet[]): PolicyObjects => ({
  version: 1,
  ip_lists: [],
  services: [ALL_SERVICES],
  label_groups: [],
  rule_sets: ruleSets,
  enforcement_boundaries: [],
  virtual_services: [],
  service_bindings: [],
});
const fact = (kind: 'label' | 'entity', state: LabelFact | EntityFact): FactChange =>
  ({ kind, id: state.id, position: 0, cluster: 'c1', state }) as FactChange;

export const edge = (from: EntityFact, to: EntityFact, port = 80): SeenEdge => ({
  from: entityEnd(from),
  to: entityEnd(to),
  proto: 6,
  port,
  connections: 1,
  lastSeen: '2026-11-22T00:00:00.000Z',
  essential: false,
});

/** The engine's own answer in a world where every workload has one Pod, all of them in full, and the policy is in force. */
export function inForce(
  entities: readonly EntityFact[],
  objects: PolicyObjects,
): (seen: SeenEdge) => boolean {
  const labelSets = new Map(entities.map((one) => [labelSetId(one), makeLabelSet(one)]));
  const endpoints = entities.map((one, index): Endpoint => ({
    id: `pod of ${one.id}`,
    workload: one.id,
    labelSet: labelSetId(one),
    class: 'pod',
    addresses: [`10.0.0.${index + 1}`],
    node: null,
  }));
  const world: World = {
    cluster: 'c1',
    catalogue: { labels: [...LABELS], types: ['app', 'env', 'role'] },
    objects,
    labelSets: [...labelSets.values()].map((labelSet) => ({ labelSet, mode: 'full' })),
    workloads: new Map(endpoints.map((one): [string, LabelSetId] => [one.workload!, one.labelSet])),
    endpoints,
    strangers: [],
  };
  const told = computePolicy(world);
  const members = membersOf(world, told);
  const addressOf = (id: string): string =>
    endpoints.find(({ workload }) => workload === id)?.addresses[0] ?? id;
  return ({ from, to, proto, port }) =>
    (
      [
        [from, to, 'egress'],
        [to, from, 'ingress'],
      ] as const
    ).every(([self, peer, direction]) => {
      if (self.entity === null) return true;
      const { verdict } = evaluate({
        unit: told.units.get(labelSetId(self.entity))!,
        direction,
        packet: { proto, port, peer: addressOf(peer.entity?.id ?? peer.token) },
        members,
        hostAddresses: new Set(),
        workload: self.entity.id,
      });
      return verdict === 'allowed';
    });
}

const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T[]> =>
  fc.option(arbitrary, { nil: undefined, freq: 4 }).map((value) => (value === undefined ? [] : [value]));
export const anyEntities = fc
  .array(
    fc.tuple(
      maybe(fc.constantFrom('1', '2', '3')),
      maybe(fc.constantFrom('11', '12')),
      maybe(fc.constantFrom('21', '22')),
    ),
    { minLength: 2, maxLength: 6 },
  )
  .map((all) => all.map((labels, index) => entity(`w${index}`, { labels: labels.flat() })));

/** What a preview is opened with. */
export const factsOf = (entities: readonly EntityFact[]): FactChange[] => [
  ...LABELS.map((one) => fact('label', one)),
  ...entities.map((one) => fact('entity', one)),
];
