import { MappedLabels } from '@ringfence/contracts';
import type { MappedLabel } from '@ringfence/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ClusterFactsCalculator } from './cluster-facts.calculator.js';
import type { FactKind, FactKinds } from './cluster-facts.calculator.js';
import { labelMapFacts } from './label-map.js';
import type { LabelMapFacts } from './label-map.js';
import type { ControllerFacts, NamespaceFacts, PodFacts, ServiceFacts } from './projections.js';

type Text = Record<string, string>;
const named = (name: string, labels: Text = {}) => ({ resourceVersion: '1', name, labels, annotations: {} });
const namespace = (labels: Text): NamespaceFacts => named('demo', labels);
const deployment = (name: string, labels: Text, annotations: Text = {}): ControllerFacts => ({
  ...named(name, labels),
  ...{ annotations, kind: 'Deployment', namespace: 'demo', controller: null },
});
const rolloutPod = (name: string, labels: Text): PodFacts => ({
  ...named(name, labels),
  ...{ namespace: 'demo', node: null, hostNetwork: false, phase: 'Running', addresses: [] },
  ...{ namedPorts: [], probePorts: [], readinessGates: [] },
  controller: { uid: 'r', kind: 'Rollout', name: 'roll' },
});
const service = (name: string, selector: Text, labels: Text = {}): ServiceFacts => ({
  ...named(name, labels),
  ...{
    namespace: 'demo',
    type: 'ClusterIP',
    clusterIps: [],
    externalTrafficPolicy: null,
    ports: [],
    selector,
  },
});
const map = (...workloadLabelMap: unknown[]): LabelMapFacts =>
  labelMapFacts({
    metadata: { uid: 'm', name: 'default', resourceVersion: '1' },
    workloadLabelMap,
  } as unknown as Parameters<typeof labelMapFacts>[0])!;
const ROLES = map(
  ...['component', 'app', 'ringfence.io/service', 'ringfence.io/workload'].map((fromKey) => ({
    fromKey,
    toKey: 'role',
  })),
);

/** What the last telling of each workload said, as `role=web`. */
function cluster() {
  const calculator = new ClusterFactsCalculator();
  const said = new Map<string, string[]>();
  const set = <K extends FactKind>(kind: K, uid: string, facts: FactKinds[K] | undefined): void =>
    calculator.apply(kind, uid, facts);
  const flush = (): Record<string, string[]> => {
    for (const { kind, uid, facts } of calculator.flush({ waitForOwners: false })) {
      const mapped = (facts?.['mapped'] ?? []) as MappedLabel[];
      if (kind !== 'workload') continue;
      // What no contract takes would take the workload with it.
      MappedLabels.parse(facts?.['mapped']);
      if (facts === null) said.delete(uid);
      else
        said.set(
          uid,
          mapped.map(({ key, value }) => `${key}=${value}`),
        );
    }
    return Object.fromEntries([...said].sort());
  };
  return { set, flush };
}

describe('what the label map says of a workload', () => {
  it('is read off its Pods, else off its namespace, and follows the map and the labels', () => {
    const { set, flush } = cluster();
    set('controller', 'd', deployment('web', { tier: 'fe' }));
    expect(flush()).toEqual({ d: [] });
    set('labelMap', 'm', map({ fromKey: 'tier', toKey: 'role' }, { fromKey: 'stage', toKey: 'env' }));
    expect(flush()).toEqual({ d: ['role=fe'] });
    set('namespace', 'n', namespace({ stage: 'prod', tier: 'all' }));
    expect(flush()).toEqual({ d: ['role=fe', 'env=prod'] });
    set('controller', 'd', deployment('web', { stage: 'test' }));
    expect(flush()).toEqual({ d: ['role=all', 'env=test'] });
    set('namespace', 'n', undefined);
    set('labelMap', 'm', undefined);
    expect(flush()).toEqual({ d: [] });
  });

  it('is by the Service in front of it, and at last by its name', () => {
    const { set, flush } = cluster();
    set('labelMap', 'm', ROLES);
    set('controller', 'd', deployment('web-v1', { x: '1' }));
    set('controller', 'e', deployment('lone', {}));
    set('pod', 'p', rolloutPod('roll-1', {}));
    expect(flush()).toEqual({ d: ['role=web-v1'], e: ['role=lone'], 'demo/r': ['role=roll'] });
    set('service', 's', service('web', { x: '1' }));
    expect(flush()).toMatchObject({ d: ['role=web'], s: ['role=web'] });
    set('service', 's', undefined);
    expect(flush()).toMatchObject({ d: ['role=web-v1'] });
  });

  it('is the same of a Service as of all behind it, annotated or not; else what its own labels say', () => {
    const { set, flush } = cluster();
    set('labelMap', 'm', ROLES);
    set('service', 's', service('reviews-svc', { app: 'reviews' }, { component: 'front' }));
    expect(flush()).toEqual({ s: ['role=front'] });
    set('controller', 'v1', deployment('reviews-v1', { app: 'reviews' }));
    set('controller', 'v2', deployment('reviews-v2', { app: 'reviews' }));
    expect(flush()).toMatchObject({ s: ['role=reviews'], v1: ['role=reviews'] });
    set('controller', 'v2', deployment('reviews-v2', { app: 'reviews' }, { 'com.illumio.role': 'other' }));
    expect(flush()).toMatchObject({ s: ['role=front'] });
    set('controller', 'v1', undefined);
    expect(flush()).toMatchObject({ s: ['role=other'] });
  });

  it('is never more than can be told, whatever people write', () => {
    const { set, flush } = cluster();
    const types = Array.from({ length: 30 }, (_, index) => ({ fromKey: 'app', toKey: `type-${index}` }));
    const unusable = { fromKey: 'app', toKey: 'role', valuesMap: [{ from: 'x', to: '\u0000' }] };
    set('labelMap', 'm', map(unusable, ...types));
    set('controller', 'd', deployment('web', { app: 'x' }, { 'ringfence.io/type-0': 'v'.repeat(300) }));
    set('service', 's', service('web', { app: 'x' }));
    const { d, s } = flush();
    expect([d?.length, d?.[0], s?.length]).toEqual([20, 'type-0=x', 19]);
  });

  it('is nothing where another object is called a map, or an entry is none', () => {
    const other = { metadata: { uid: 'm', name: 'mine', resourceVersion: '1' } };
    expect(labelMapFacts(other)).toBeUndefined();
    expect(map({ fromKey: 'a' }, 'x', { fromKey: 'a', toKey: 'role' }).workloads).toHaveLength(1);
  });
});

describe('any sequence of changes', () => {
  const choices: { [K in FactKind]?: Record<string, FactKinds[K][]> } = {
    labelMap: { m: [ROLES, map({ fromKey: 'app', toKey: 'role' })] },
    namespace: { n: [namespace({}), namespace({ app: 'all' })] },
    controller: {
      d: [deployment('web', { x: '1' }), deployment('web', { app: 'shop', x: '1' })],
      e: [deployment('api', { x: '1' }, { 'ringfence.io/role': 'backend' }), deployment('api', { x: '2' })],
    },
    pod: { p: [rolloutPod('roll-1', { x: '2' }), rolloutPod('roll-1', { app: 'roll' })] },
    service: {
      s: [service('front', { x: '1' }), service('front', { x: '2' })],
      t: [service('also', { x: '1' }), service('also', {}, { app: 'shop' })],
    },
  };
  const keys = (Object.keys(choices) as FactKind[]).flatMap((kind) =>
    Object.keys(choices[kind]!).map((uid) => ({ kind, uid })),
  );
  const change = fc.record({
    key: fc.constantFrom(...keys),
    choice: fc.integer({ min: 0, max: 2 }),
    flush: fc.boolean(),
  });

  it('ends in what the final cluster says', () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 40 }), (changes) => {
        const walked = cluster();
        const last = new Map<string, () => void>();
        const fresh = cluster();
        for (const { key, choice, flush } of changes) {
          const { kind, uid } = key;
          const facts = choices[kind]![uid]![choice] as FactKinds[typeof kind] | undefined;
          walked.set(kind, uid, facts);
          last.set(`${kind} ${uid}`, () => fresh.set(kind, uid, facts));
          if (flush) walked.flush();
        }
        for (const set of last.values()) set();
        expect(walked.flush()).toEqual(fresh.flush());
      }),
      { numRuns: 500 },
    );
  });
});
