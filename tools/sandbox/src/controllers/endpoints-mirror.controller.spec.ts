import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Cluster } from '../api/cluster.js';
import { listAt } from '../api/json.js';
import type { EndpointSlice } from '../api/workload-kinds.js';
import { eventually } from '../api/testing/api-client.js';
import { ControlledCluster, metadata, namespace } from './testing/controlled-cluster.js';

let world: ControlledCluster;
let cluster: Cluster;

beforeEach(async () => {
  world = await ControlledCluster.start();
  ({ cluster } = world);
});
afterEach(() => world.close());

const database = metadata('database');
const subset = { addresses: [{ ip: '192.0.2.7' }], ports: [{ name: 'sql', port: 5432 }] };

async function serve(spec: object = {}): Promise<void> {
  const ports = [{ name: 'sql', port: 5432 }];
  await cluster.resource('services').create({ metadata: database, spec: { ports, ...spec } });
}
async function makeEndpoints(subsets: object[] = [subset], more: object = {}): Promise<void> {
  await cluster
    .resource('endpoints')
    .create({ metadata: { ...database, ...more }, subsets: subsets as never });
}
const slices = (): EndpointSlice[] =>
  cluster
    .resource('endpointslices.discovery.k8s.io')
    .list(namespace)
    .filter(({ metadata: { labels = {} } }) => labels['kubernetes.io/service-name'] === 'database');
const mirrored = (count: number): Promise<EndpointSlice[]> =>
  eventually(() => slices().length === count && slices(), `${count} slices`);
/** Whatever comes after it has been looked at when another Service has its mirror. */
async function settled(): Promise<void> {
  await cluster.resource('services').create({ metadata: metadata('later'), spec: { ports: [{ port: 1 }] } });
  await cluster.resource('endpoints').create({ metadata: metadata('later'), subsets: [subset] });
  await eventually(
    () =>
      cluster
        .resource('endpointslices.discovery.k8s.io')
        .list(namespace)
        .some((slice) => slice.metadata.labels?.['kubernetes.io/service-name'] === 'later'),
    'the other mirror',
  );
}

describe('Endpoints that were made by hand', () => {
  it('are mirrored with their labels, by a controller that signs', async () => {
    await serve();
    await makeEndpoints([{ ...subset, notReadyAddresses: [{ ip: '192.0.2.8' }] }], {
      labels: { team: 'data' },
      annotations: { note: 'kept', 'kubectl.kubernetes.io/last-applied-configuration': '{}' },
    });
    const [slice] = await mirrored(1);
    expect(slice).toMatchObject({
      addressType: 'IPv4',
      ports: [{ name: 'sql', port: 5432, protocol: 'TCP' }],
      endpoints: [
        { addresses: ['192.0.2.7'], conditions: { ready: true } },
        { addresses: ['192.0.2.8'], conditions: { ready: false } },
      ],
    });
    expect(slice?.metadata).toMatchObject({
      labels: {
        team: 'data',
        'endpointslice.kubernetes.io/managed-by': 'endpointslicemirroring-controller.k8s.io',
      },
      annotations: { note: 'kept' },
      ownerReferences: [{ kind: 'Endpoints', name: 'database' }],
    });
    expect(slice?.metadata.annotations).toEqual({ note: 'kept' });
  });

  it('are followed when they change and when they go', async () => {
    await makeEndpoints();
    await serve();
    await mirrored(1);
    cluster
      .resource('endpoints')
      .modify(database, (draft) => void (draft.subsets = [{ ...subset, addresses: [{ ip: '192.0.2.9' }] }]));
    await eventually(
      () => listAt(slices()[0], 'endpoints')[0]?.['addresses']?.toString() === '192.0.2.9',
      'the change',
    );
    cluster.resource('endpoints').remove(database);
    await mirrored(0);
  });

  it('fill a slice for each subset, family and hundred addresses, up to a thousand of a subset', async () => {
    const addresses = Array.from({ length: 1_005 }, (_, at) => ({ ip: `10.1.${at >> 8}.${at & 255}` }));
    await serve();
    await makeEndpoints([
      { ...subset, addresses },
      { addresses: [{ ip: '2001:db8::1' }, { ip: '192.0.2.1' }] },
    ]);
    const all = await mirrored(12);
    expect(all.flatMap(({ endpoints }) => endpoints)).toHaveLength(1_002);
    expect(all.filter(({ addressType }) => addressType === 'IPv6')).toHaveLength(1);
  });

  it('are left alone where they ask for it, or where there is nothing to mirror for', async () => {
    await serve();
    await makeEndpoints([subset], { labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } });
    await settled();
    expect(slices()).toEqual([]);
    cluster.resource('endpoints').modify(database, (draft) => void (draft.metadata.labels = {}));
    await mirrored(1);
    cluster
      .resource('endpoints')
      .modify(
        database,
        (draft) => void (draft.metadata.annotations = { 'control-plane.alpha.kubernetes.io/leader': '' }),
      );
    await mirrored(0);
  });

  it('are no longer mirrored when the Service selects Pods, and beside slices of others', async () => {
    await serve();
    await makeEndpoints();
    await cluster.resource('endpointslices.discovery.k8s.io').create({
      metadata: { ...metadata('by-hand'), labels: { 'kubernetes.io/service-name': 'database' } },
      ...{ addressType: 'IPv4', endpoints: [], ports: [] },
    });
    await mirrored(2);
    cluster
      .resource('services')
      .modify(database, (draft) => void (draft.spec.selector = { app: 'database' }));
    const byOthers = await eventually(
      () => slices().every(({ endpoints }) => endpoints.length === 0) && slices(),
      'the mirror is gone',
    );
    expect(byOthers.map(({ metadata: { name } }) => name)).toContain('by-hand');
  });

  it('of the API server itself are not: it makes its own slice', async () => {
    await settled();
    const own = cluster
      .resource('endpointslices.discovery.k8s.io')
      .list('default')
      .filter((slice) => slice.metadata.labels?.['kubernetes.io/service-name'] === 'kubernetes');
    expect(own).toHaveLength(1);
  });
});
