import type {
  KubernetesWorkloadState,
  LabelAssignment,
  ProfileState,
  WorkloadState,
} from '@ringfence/contracts';
import { kubernetesWorkloadId } from '@ringfence/labels';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EntityLabelsCalculator } from './entity-labels.calculator.js';
import type { EntityChange } from './entity-labels.calculator.js';

const cluster = '22222222-2222-4222-8222-222222222222';
const catalogue = {
  types: ['role', 'app', 'env', 'loc'],
  labels: [
    { id: '1', key: 'role', value: 'Web' },
    { id: '2', key: 'app', value: 'Shop' },
    { id: '3', key: 'env', value: 'Test' },
    { id: '4', key: 'env', value: 'Production' },
    { id: '5', key: 'loc', value: 'Amazon' },
    { id: '6', key: 'loc', value: 'Here' },
  ],
};
const profile = (namespace: string, over: Partial<ProfileState> = {}): ProfileState => ({
  id: `profile-of-${namespace}`,
  cluster,
  namespace,
  name: namespace,
  description: '',
  managed: true,
  linked: true,
  mode: 'full',
  assignments: {},
  ...over,
});
const owner = (
  namespace: string,
  name: string,
  annotations: Record<string, string> = {},
  kind = 'Deployment',
): KubernetesWorkloadState => ({
  id: kubernetesWorkloadId(cluster, `${namespace}/${name}`),
  cluster,
  uid: `${namespace}/${name}`,
  kind,
  namespace,
  name,
  labels: {},
  annotations,
});
const node: WorkloadState = {
  id: '55555555-5555-4555-8555-555555555555',
  cluster,
  node: 'node-1',
  name: 'node-1',
  hostname: 'node-1',
  description: '',
  managed: true,
  labels: ['5', '1'],
  mode: 'visibility_only',
  addresses: ['10.0.0.1'],
};
const labelled = (changes: EntityChange[]) =>
  changes.flatMap((change) => (change.type === 'EntityLabelled' ? [change.data] : []));

describe('the labels of entities', () => {
  it("follow the guide's restriction example: role none, app any, env of two, loc fixed", () => {
    const calculator = new EntityLabelsCalculator();
    const assignments: Record<string, LabelAssignment> = {
      role: { how: 'none' },
      env: { how: 'restricted', labels: ['4'] },
      loc: { how: 'fixed', label: '5' },
    };
    calculator.setCatalogue(catalogue);
    calculator.setProfile(profile('demo', { assignments, ofTemplate: ['loc'] }));
    calculator.setKubernetesWorkload(
      owner('demo', 'web', {
        'com.illumio.role': 'Web',
        'com.illumio.app': 'Shop',
        'com.illumio.env': 'Test',
        'com.illumio.loc': 'Here',
      }),
    );
    const [entity] = labelled(calculator.flush());
    expect(entity?.labels).toEqual(['2', '5']);
    expect(entity?.origins).toEqual([
      { label: '2', by: 'annotation', name: 'com.illumio.app' },
      { label: '5', by: 'template' },
    ]);
    expect(entity?.mode).toBe('full');
    expect(entity?.refused.map(({ key, reason }) => `${key}: ${reason}`)).toEqual([
      'role: none',
      'env: not-in-list',
      'loc: fixed',
    ]);
  });

  it('are what the guide says of its Pod of namespace demo, word for word, and with an env that is not in the list', () => {
    const values = ['role1', 'app1', 'env1', 'env2', 'env100', 'loc1', 'loc100'];
    const labels = values.map((value) => ({ id: value, key: value.replace(/\d+$/, ''), value }));
    const assignments: Record<string, LabelAssignment> = {
      role: { how: 'none' },
      env: { how: 'restricted', labels: ['env1', 'env2'] },
      loc: { how: 'fixed', label: 'loc1' },
    };
    const labelsOf = (env: string): string[] | undefined => {
      const calculator = new EntityLabelsCalculator();
      calculator.setCatalogue({ ...catalogue, labels });
      calculator.setProfile(profile('demo', { assignments }));
      const said = { role: 'role1', app: 'app1', env, loc: 'loc100' };
      const annotations = Object.entries(said).map(([key, value]) => [`com.illumio.${key}`, value]);
      calculator.setKubernetesWorkload(
        owner('demo', 'web-app-1', Object.fromEntries(annotations) as Record<string, string>),
      );
      return labelled(calculator.flush())[0]?.labels;
    };
    expect(labelsOf('env1')).toEqual(['app1', 'env1', 'loc1']);
    expect(labelsOf('env100')).toEqual(['app1', 'loc1']);
  });

  it('are given only to entities of managed namespaces, and taken back with the management', () => {
    const calculator = new EntityLabelsCalculator();
    const web = owner('shop', 'web');
    calculator.setKubernetesWorkload(web);
    calculator.setProfile(profile('shop', { managed: false }));
    expect(calculator.flush()).toEqual([]);
    calculator.setProfile(profile('shop'));
    expect(labelled(calculator.flush()).map((entity) => entity.id)).toEqual([web.id]);
    calculator.removeProfile('profile-of-shop');
    expect(calculator.flush()).toEqual([{ type: 'EntityUnlabelled', cluster, data: { id: web.id } }]);
  });

  it('appear when a label that an annotation already names is created', () => {
    const calculator = new EntityLabelsCalculator();
    calculator.setCatalogue({ ...catalogue, labels: [] });
    calculator.setProfile(profile('shop'));
    calculator.setKubernetesWorkload(owner('shop', 'web', { 'ringfence.io/role': 'Web' }));
    expect(labelled(calculator.flush())[0]?.refused[0]?.reason).toBe('no-such-label');
    calculator.setCatalogue(catalogue);
    expect(labelled(calculator.flush())[0]).toMatchObject({ labels: ['1'], refused: [] });
  });

  it('that a map asks for are missing until they are made, and are refused if they never are', () => {
    const calculator = new EntityLabelsCalculator();
    const mapped = (value: string, allowCreate: boolean): KubernetesWorkloadState => ({
      ...owner('shop', value),
      mapped: [{ key: 'role', value, from: 'app', allowCreate }],
    });
    calculator.setCatalogue(catalogue);
    calculator.setProfile(profile('shop'));
    for (const one of [mapped('Web', false), mapped('Api', true), mapped('Db', false)])
      calculator.setKubernetesWorkload(one);
    calculator.setKubernetesWorkload({ ...mapped('Elsewhere', true), namespace: 'unmanaged' });
    expect(calculator.missing()).toEqual([{ cluster, key: 'role', value: 'Api' }]);
    const said = labelled(calculator.flush()).map(({ name, labels, refused }) => ({ name, labels, refused }));
    const refused = (value: string) => [{ key: 'role', annotation: 'app', value, reason: 'no-such-label' }];
    expect(said).toHaveLength(3);
    expect(said).toContainEqual({ name: 'Web', labels: ['1'], refused: [] });
    expect(said).toContainEqual({ name: 'Api', labels: [], refused: refused('Api') });
    expect(said).toContainEqual({ name: 'Db', labels: [], refused: refused('Db') });
    expect(calculator.missing()).toEqual([]);
    // Any news of labels may mean that there is room for it now.
    calculator.setCatalogue({ ...catalogue, labels: catalogue.labels.slice(0, 5) });
    expect(calculator.missing()).toHaveLength(1);
    const api = { id: '9', key: 'role', value: 'Api' };
    calculator.setCatalogue({ ...catalogue, labels: [...catalogue.labels, api] });
    expect(labelled(calculator.flush())).toMatchObject([{ name: 'Api', labels: ['9'], refused: [] }]);
  });

  it('of a node are told with which flows it reports, unless that is what all do', () => {
    const calculator = new EntityLabelsCalculator();
    const told = ['flow_drops', 'flow_summary', undefined].map((visibilityLevel) => {
      calculator.setWorkload({ ...node, ...(visibilityLevel !== undefined && { visibilityLevel }) });
      return labelled(calculator.flush()).map((entity) => entity.visibilityLevel);
    });
    expect(told).toEqual([['flow_drops'], [undefined], []]);
  });

  it('are told with how other clusters see the Pods and the node', () => {
    const calculator = new EntityLabelsCalculator();
    const hidden = { addresses: ['192.0.2.1'], isHidden: true };
    const own = { addresses: ['192.0.2.1'], isHidden: false };
    calculator.setProfile(profile('shop'));
    calculator.setKubernetesWorkload({ ...owner('shop', 'web'), outside: hidden });
    calculator.setWorkload({ ...node, outside: own });
    const told = labelled(calculator.flush());
    expect(new Map(told.map(({ name, outside }) => [name, outside]))).toEqual(
      new Map([
        ['web', hidden],
        ['node-1', own],
      ]),
    );
    calculator.setKubernetesWorkload(owner('shop', 'web'));
    expect(labelled(calculator.flush())).toMatchObject([{ name: 'web' }]);
  });

  it('of a host are told with the subnets of its interfaces, where one is wider than its address', () => {
    const calculator = new EntityLabelsCalculator();
    const subnetsOf = (...interfaces: NonNullable<WorkloadState['interfaces']>[number][]): unknown => {
      calculator.setWorkload({ ...node, cluster: null, node: null, interfaces });
      return labelled(calculator.flush())[0]?.subnets;
    };
    const lo = { address: '127.0.0.1', cidr_block: 8, loopback: true };
    expect(subnetsOf({ address: '192.0.2.7', cidr_block: 24 }, { address: '2001:db8::7' }, lo)).toEqual([
      '192.0.2.7/24',
      '2001:db8::7/128',
    ]);
    expect(subnetsOf({ address: '192.0.2.7', cidr_block: 0 }, { address: '192.0.2.8', cidr_block: 64 })).toBe(
      undefined,
    );
    expect(subnetsOf({ address: '2001:db8::7', cidr_block: 64 }, { address: null, cidr_block: 8 })).toEqual([
      '2001:db8::7/64',
    ]);
  });

  it('of a node and of an unmanaged host are passed on', () => {
    const calculator = new EntityLabelsCalculator();
    calculator.setWorkload(node);
    calculator.setWorkload({
      ...node,
      id: '66666666-6666-4666-8666-666666666666',
      cluster: null,
      node: null,
      managed: false,
    });
    expect(labelled(calculator.flush())).toMatchObject([
      { class: 'node', cluster, node: 'node-1', labels: ['1', '5'], addresses: ['10.0.0.1'] },
      { class: 'unmanaged', cluster: 'global', node: null },
    ]);
    calculator.removeWorkload(node.id);
    expect(calculator.flush()).toEqual([{ type: 'EntityUnlabelled', cluster, data: { id: node.id } }]);
  });

  it('are not said again after a restart unless they differ', () => {
    const before = new EntityLabelsCalculator();
    before.setCatalogue(catalogue);
    before.setProfile(profile('shop'));
    before.setKubernetesWorkload(owner('shop', 'web', { 'com.illumio.app': 'Shop' }));
    before.setKubernetesWorkload(owner('shop', 'gone'));
    const said = labelled(before.flush());

    const after = new EntityLabelsCalculator();
    after.restore(said);
    after.setCatalogue(catalogue);
    after.setProfile(profile('shop'));
    after.setKubernetesWorkload(owner('shop', 'web', { 'com.illumio.app': 'Shop' }));
    expect(after.flush()).toEqual([
      { type: 'EntityUnlabelled', cluster, data: { id: owner('shop', 'gone').id } },
    ]);
  });

  it('agree with a calculation from scratch after any sequence of changes', () => {
    const namespaces = ['a', 'b'];
    const names = ['x', 'y', 'z'];
    const change = fc.oneof(
      fc.record({
        what: fc.constant('profile' as const),
        namespace: fc.constantFrom(...namespaces),
        managed: fc.boolean(),
        fixed: fc.boolean(),
      }),
      fc.record({ what: fc.constant('no-profile' as const), namespace: fc.constantFrom(...namespaces) }),
      fc.record({
        what: fc.constant('owner' as const),
        namespace: fc.constantFrom(...namespaces),
        name: fc.constantFrom(...names),
        app: fc.constantFrom('Shop', 'Bank'),
      }),
      fc.record({
        what: fc.constant('no-owner' as const),
        namespace: fc.constantFrom(...namespaces),
        name: fc.constantFrom(...names),
      }),
      fc.record({
        what: fc.constant('catalogue' as const),
        size: fc.integer({ min: 0, max: 6 }),
        renamed: fc.boolean(),
      }),
      fc.record({ what: fc.constant('flush' as const) }),
    );
    type Change = typeof change extends fc.Arbitrary<infer T> ? T : never;
    const apply = (calculator: EntityLabelsCalculator, each: Change): void => {
      switch (each.what) {
        case 'profile':
          return calculator.setProfile(
            profile(each.namespace, {
              managed: each.managed,
              assignments: each.fixed ? { loc: { how: 'fixed', label: '6' } } : {},
            }),
          );
        case 'no-profile':
          return calculator.removeProfile(`profile-of-${each.namespace}`);
        case 'owner':
          return calculator.setKubernetesWorkload(
            owner(each.namespace, each.name, { 'com.illumio.app': each.app }),
          );
        case 'no-owner':
          return calculator.removeKubernetesWorkload(owner(each.namespace, each.name).id);
        case 'catalogue':
          return calculator.setCatalogue({
            ...catalogue,
            labels: catalogue.labels
              .slice(0, each.size)
              .map((label) => (each.renamed && label.value === 'Shop' ? { ...label, value: 'Bank' } : label)),
          });
        case 'flush':
          return;
      }
    };
    fc.assert(
      fc.property(fc.array(change, { maxLength: 40 }), (changes) => {
        const incremental = new EntityLabelsCalculator();
        const seen = new Map<string, unknown>();
        const collect = (): void => {
          for (const each of incremental.flush()) {
            if (each.type === 'EntityLabelled') seen.set(each.data.id, each.data);
            else seen.delete(each.data.id);
          }
        };
        for (const each of changes) {
          apply(incremental, each);
          if (each.what === 'flush') collect();
        }
        collect();
        const scratch = new EntityLabelsCalculator();
        for (const each of changes) apply(scratch, each);
        const expected = new Map(labelled(scratch.flush()).map((entity) => [entity.id, entity]));
        expect(new Map([...seen].sort())).toEqual(new Map([...expected].sort()));
      }),
      { numRuns: 200 },
    );
  });
});
