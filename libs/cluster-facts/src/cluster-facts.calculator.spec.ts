import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ClusterFactsCalculator } from './cluster-facts.calculator.js';
import type { FactKind, FactKinds } from './cluster-facts.calculator.js';
import type { ControllerFacts, Owner, PodFacts, ServiceFacts, SliceFacts } from './projections.js';

const named = (name: string) => ({
  resourceVersion: '1',
  name,
  labels: {},
  annotations: {},
  namespace: 'demo',
});
const controller = (kind: string, name: string, above: Owner | null = null): ControllerFacts => ({
  ...named(name),
  kind,
  controller: above,
});
const pod = (name: string, above: Owner | null = null, more: Partial<PodFacts> = {}): PodFacts => ({
  ...named(name),
  controller: above,
  node: 'n1',
  hostNetwork: false,
  phase: 'Running',
  addresses: ['10.0.0.1'],
  namedPorts: [],
  probePorts: [],
  readinessGates: [],
  ...more,
});
const service = (name: string): ServiceFacts => ({
  ...named(name),
  type: 'ClusterIP',
  clusterIps: ['10.96.0.9'],
  externalTrafficPolicy: null,
  selector: {},
  ports: [{ name: 'http', proto: 6, port: 80, nodePort: null }],
});
const slice = (name: string, podUid: string): SliceFacts => ({
  resourceVersion: '1',
  namespace: 'demo',
  service: name,
  ports: [{ name: 'http', proto: 6, port: 8080 }],
  endpoints: [{ address: '10.0.0.1', podUid }],
});
const owner = (uid: string, kind: string, name = uid): Owner => ({ uid, kind, name });

/** A reader of all changes: kind and uid → facts. */
function reader() {
  const calculator = new ClusterFactsCalculator();
  const held = new Map<string, Record<string, unknown>>();
  const flush = (waitForOwners = true): string[] =>
    calculator.flush({ waitForOwners }).map(({ kind, uid, facts }) => {
      if (facts === null) held.delete(`${kind} ${uid}`);
      else held.set(`${kind} ${uid}`, facts);
      return `${facts === null ? '-' : '+'}${kind} ${uid}`;
    });
  return { calculator, held, flush };
}

describe('the owner of a Pod', () => {
  it('is the topmost controller: Deployment above ReplicaSet, CronJob above Job', () => {
    const { calculator, held, flush } = reader();
    calculator.apply('controller', 'd', controller('Deployment', 'web'));
    calculator.apply('controller', 'rs', controller('ReplicaSet', 'web-1', owner('d', 'Deployment', 'web')));
    calculator.apply('controller', 'c', controller('CronJob', 'nightly'));
    calculator.apply('controller', 'j', controller('Job', 'nightly-1', owner('c', 'CronJob', 'nightly')));
    calculator.apply('pod', 'p1', pod('web-1-a', owner('rs', 'ReplicaSet')));
    calculator.apply('pod', 'p2', pod('nightly-1-a', owner('j', 'Job')));
    expect(flush()).toEqual(['+workload d', '+workload c', '+pod p1', '+pod p2']);
    expect(held.get('pod p1')?.['owner']).toEqual(owner('d', 'Deployment', 'web'));
    expect(held.get('pod p2')?.['owner']).toEqual(owner('c', 'CronJob', 'nightly'));
  });

  it('is the Pod itself when it is bare or static, and the workload comes and goes with it', () => {
    const { calculator, held, flush } = reader();
    calculator.apply('pod', 'p', pod('bare'));
    calculator.apply('pod', 's', pod('static', owner('n1', 'Node')));
    expect(flush()).toEqual(['+workload p', '+workload s', '+pod p', '+pod s']);
    expect(held.get('workload p')).toMatchObject({ kind: 'Pod', name: 'bare' });
    calculator.apply('pod', 'p', undefined);
    expect(flush()).toEqual(['-workload p', '-pod p']);
  });

  it('is a controller that we do not watch, told from its Pods', () => {
    const { calculator, held, flush } = reader();
    calculator.apply('pod', 'p1', pod('a', owner('x', 'Rollout', 'web')));
    calculator.apply('pod', 'p2', pod('b', owner('x', 'Rollout', 'web')));
    expect(flush()).toEqual(['+workload demo/x', '+pod p1', '+pod p2']);
    calculator.apply('pod', 'p1', undefined);
    flush();
    expect(held.get('workload demo/x')).toMatchObject({ kind: 'Rollout', name: 'web' });
    calculator.apply('pod', 'p2', undefined);
    expect(flush()).toContain('-workload demo/x');
  });

  it('is nobody of another namespace, whatever the Pod claims', () => {
    const { calculator, held, flush } = reader();
    const claimed = (uid: string, kind: string) =>
      pod(`claims-${uid}-${kind}`, owner(uid, kind, 'web'), { namespace: 'foreign' });
    calculator.apply('controller', 'd', controller('Deployment', 'web'));
    calculator.apply('pod', 'bare', pod('bare'));
    calculator.apply('pod', 'custom', pod('custom', owner('x', 'Rollout', 'web')));
    calculator.apply('service', 's', service('web'));
    flush();
    const mine = new Set(['d', 'bare', 'demo/x', 's']);
    const claims = ['d', 'bare', 'x', 's'].flatMap((uid) => [
      claimed(uid, 'Deployment'),
      claimed(uid, 'Foo'),
    ]);
    for (const each of claims) calculator.apply('pod', each.name, each);
    flush();
    flush(false);
    for (const { name } of claims) {
      const { uid } = held.get(`pod ${name}`)?.['owner'] as Owner;
      expect(mine).not.toContain(uid);
      expect(held.get(`workload ${uid}`)).toMatchObject({ namespace: 'foreign' });
    }
    calculator.apply('controller', 'rs', {
      ...controller('ReplicaSet', 'above', owner('d', 'Deployment', 'web')),
      namespace: 'foreign',
    });
    calculator.apply('pod', 'below', pod('below', owner('rs', 'ReplicaSet'), { namespace: 'foreign' }));
    flush();
    flush(false);
    expect((held.get('pod below')?.['owner'] as Owner | undefined)?.uid).toBe('foreign/d');
  });

  it('is waited for when another watch is behind, and not for ever', () => {
    const { calculator, held, flush } = reader();
    calculator.apply('pod', 'p', pod('web-1-a', owner('rs', 'ReplicaSet', 'web-1')));
    expect(flush()).toEqual([]);
    expect(calculator.heldBack()).toBe(1);
    expect(flush(false)).toEqual(['+workload demo/rs', '+pod p']);
    calculator.apply('controller', 'rs', controller('ReplicaSet', 'web-1', owner('d', 'Deployment', 'web')));
    calculator.apply('controller', 'd', controller('Deployment', 'web'));
    expect(flush()).toEqual(['+workload d', '-workload demo/rs', '+pod p']);
    expect(held.get('pod p')?.['owner']).toEqual(owner('d', 'Deployment', 'web'));
  });

  it('stays as it was while its owners are deleted before it', () => {
    const { calculator, held, flush } = reader();
    calculator.apply('controller', 'd', controller('Deployment', 'web'));
    calculator.apply('controller', 'rs', controller('ReplicaSet', 'web-1', owner('d', 'Deployment', 'web')));
    calculator.apply('pod', 'p', pod('a', owner('rs', 'ReplicaSet', 'web-1')));
    flush();
    calculator.apply('controller', 'd', undefined);
    flush();
    calculator.apply('controller', 'rs', undefined);
    calculator.apply('pod', 'p', pod('a', owner('rs', 'ReplicaSet', 'web-1'), { phase: 'Succeeded' }));
    flush(false);
    expect(held.get('pod p')).toMatchObject({ phase: 'Succeeded', owner: owner('d', 'Deployment', 'web') });
    calculator.apply('pod', 'p', undefined);
    flush();
    expect([...held]).toEqual([]);
  });
});

describe('a Service', () => {
  it('is told with the backends of its slices, in whatever order they come', () => {
    const { calculator, held, flush } = reader();
    calculator.apply('slice', 'e', slice('web', 'p'));
    expect(flush()).toEqual([]);
    calculator.apply('service', 's', service('web'));
    expect(flush()).toEqual(['+workload s', '+service s']);
    expect(held.get('service s')?.['backends']).toEqual([
      { portIndex: 0, targetPort: 8080, podUid: 'p', address: '10.0.0.1' },
    ]);
    calculator.apply('slice', 'e', undefined);
    flush();
    expect(held.get('service s')?.['backends']).toEqual([]);
  });

  it('with more backends than a message can name has none: a part would stand for the rest', () => {
    const { calculator, held, flush } = reader();
    const many = (from: number): SliceFacts => ({
      ...slice('web', 'p'),
      endpoints: Array.from({ length: 1000 }, (_, i) => ({
        address: `10.1.${from}.${i % 250}`,
        podUid: null,
      })),
    });
    calculator.apply('service', 's', service('web'));
    for (let i = 0; i < 15; i += 1) calculator.apply('slice', `e${i}`, many(i));
    flush();
    expect(held.get('service s')?.['backends']).toHaveLength(15_000);
    calculator.apply('slice', 'one', slice('web', 'p'));
    flush();
    expect(held.get('service s')?.['backends']).toEqual([]);
  });

  it('is a workload only as ClusterIP', () => {
    const { calculator, flush } = reader();
    calculator.apply('service', 's', { ...service('web'), type: 'NodePort' });
    expect(flush()).toEqual(['+service s']);
  });
});

describe('news', () => {
  it('is not a new version alone', () => {
    const { calculator, flush } = reader();
    calculator.apply('pod', 'p', pod('a'));
    flush();
    calculator.apply('pod', 'p', pod('a', null, { resourceVersion: '2' }));
    expect(flush()).toEqual([]);
    calculator.apply('pod', 'p', pod('a', null, { resourceVersion: '3', addresses: [] }));
    expect(flush()).toEqual(['+pod p']);
  });
});

describe('any order of changes', () => {
  const world: { [K in FactKind]: Record<string, FactKinds[K]> } = {
    namespace: { ns: named('demo') },
    node: { n1: { ...named('n1'), machineId: 'm', addresses: [], podCidrs: [], containerRuntime: '' } },
    controller: {
      d: controller('Deployment', 'web'),
      rs: controller('ReplicaSet', 'web-1', owner('d', 'Deployment', 'web')),
      rs2: controller('ReplicaSet', 'lone'),
    },
    pod: {
      p1: pod('a', owner('rs', 'ReplicaSet', 'web-1')),
      p2: pod('b', owner('rs2', 'ReplicaSet', 'lone')),
      p3: pod('c'),
      p4: pod('d', owner('x', 'Rollout', 'roll')),
    },
    service: { s: service('web') },
    slice: { e1: slice('web', 'p1'), e2: slice('web', 'p2') },
    labelMap: {},
    networkPolicy: {
      np: { resourceVersion: '1', namespace: 'demo', name: 'p', pods: [], ingress: [], egress: null },
    },
  };
  const keys = (Object.keys(world) as FactKind[]).flatMap((kind) =>
    Object.keys(world[kind]).map((uid) => ({ kind, uid })),
  );
  const change = fc.record({ key: fc.constantFrom(...keys), isThere: fc.boolean(), flush: fc.boolean() });

  it('ends in what the final world says, however it came about', () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 60 }), (changes) => {
        const walked = reader();
        const set = (
          calculator: ClusterFactsCalculator,
          kind: FactKind,
          uid: string,
          isThere: boolean,
        ): void =>
          calculator.apply(kind, uid, isThere ? (world[kind][uid] as FactKinds[typeof kind]) : undefined);
        for (const { key, isThere, flush } of changes) {
          set(walked.calculator, key.kind, key.uid, isThere);
          if (flush) walked.flush(true);
        }
        // Owners that were deleted first leave their mark on Pods on purpose; with everything there again nothing may.
        for (const { kind, uid } of keys) set(walked.calculator, kind, uid, true);
        walked.flush(false);
        const fresh = reader();
        for (const { kind, uid } of keys) set(fresh.calculator, kind, uid, true);
        fresh.flush(false);
        expect(Object.fromEntries([...walked.held].sort())).toEqual(
          Object.fromEntries([...fresh.held].sort()),
        );
        for (const { kind, uid } of [...keys].reverse()) set(walked.calculator, kind, uid, false);
        walked.flush(false);
        expect([...walked.held]).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });
});
