import { describe, expect, it } from 'vitest';
import type { FlowBatch } from '@ringfence/contracts';
import {
  AT,
  catalogue,
  CLUSTER,
  node,
  pod,
  profile,
  service,
  tellLists,
  tellPolicy,
  workload,
} from '../testing/facts.js';
import { ActorStore } from './actor-store.js';

type Flow = FlowBatch['reporters'][number]['flows'][number];

const flow = (parts: Partial<Flow>): Flow => ({
  ...{ src: '10.244.1.1', dst: '10.244.1.2', direction: 'outbound', proto: 6, port: 5432 },
  ...{
    verdict: 'allowed',
    state: 'new',
    connections: 1,
    bytesOut: 10,
    bytesIn: 20,
    rule: null,
    ruleClass: null,
  },
  ...parts,
});
const batch = (reporter: string, ...flows: Flow[]): FlowBatch => ({
  ...{ id: 'node-1/b/1', node: 'node-1', revision: 1, policyVersion: 1, from: AT, to: AT, overflow: 0 },
  reporters: [{ id: reporter, mode: 'visibility_only', flows }],
});

function shop(): ActorStore {
  const store = new ActorStore({ cluster: CLUSTER, readinessTimerSeconds: 15 });
  store.told('labels', '', catalogue);
  store.told('profile', 'shop', profile('shop'));
  tellLists(store);
  tellPolicy(store, {});
  store.caughtUp();
  for (const name of ['web', 'db']) store.observe('workload', workload(name));
  store.observe('pod', pod('web', 1));
  store.observe('pod', pod('db', 2));
  store.settle(0);
  return store;
}
function servicesOf(
  store: ActorStore,
  backends: { podUid: string; address: string; targetPort: number }[],
): void {
  store.observe('service', service('db', { backends: backends.map((one) => ({ portIndex: 0, ...one })) }));
  store.settle(0);
}

describe('a decorated flow', () => {
  it('names workload and labels of both ends, and the mode of the reporter as it reported', () => {
    const { ends, flows } = shop().decorate(batch('web-1', flow({}))).batch;
    expect(ends[flows[0]!.src]).toMatchObject({
      name: 'web',
      kind: 'Deployment',
      labels: ['1', '3'],
      mode: 'visibility_only',
    });
    expect(ends[flows[0]!.dst]).toMatchObject({
      name: 'db',
      namespace: 'shop',
      labels: ['2', '3'],
      mode: 'full',
    });
    expect(flows[0]).toMatchObject({ target: flows[0]!.dst, targetPort: 5432 });
  });

  it('lists each end once', () => {
    const { ends, flows } = shop().decorate(batch('web-1', flow({}), flow({ port: 5433 }))).batch;
    expect(ends).toHaveLength(2);
    expect(flows.map(({ src, dst }) => [src, dst])).toEqual([
      [0, 1],
      [0, 1],
    ]);
  });

  it('names the workload behind a ClusterIP where all backends are of one', () => {
    const store = shop();
    store.observe('pod', pod('db', 3));
    servicesOf(store, [
      { podUid: 'db-2', address: '10.244.1.2', targetPort: 5432 },
      { podUid: 'db-3', address: '10.244.1.3', targetPort: 5432 },
    ]);
    const { ends, flows } = store.decorate(batch('web-1', flow({ dst: '10.96.0.20', port: 80 }))).batch;
    expect(ends[flows[0]!.dst]?.service).toEqual({ namespace: 'shop', name: 'db' });
    expect(ends[flows[0]!.target]).toMatchObject({ name: 'db' });
    expect(flows[0]?.targetPort).toBe(5432);
  });

  it('names the Service itself, with its labels, where nobody is behind it yet', () => {
    const store = shop();
    const db = workload('db', { uid: 'db-service', kind: 'Service' });
    store.observe('workload', db);
    store.observe(
      'service',
      service('db', { ports: [{ name: 'main', proto: 6, port: 80, nodePort: null, targetPort: 5432 }] }),
    );
    store.settle(0);
    const { ends, flows } = store.decorate(batch('web-1', flow({ dst: '10.96.0.20', port: 80 }))).batch;
    expect(flows[0]).toMatchObject({ target: flows[0]!.dst, targetPort: 5432 });
    expect(ends[flows[0]!.dst]).toMatchObject({
      ...{ kind: 'Service', name: 'db', namespace: 'shop', labels: ['2', '3'], managed: true },
      service: { namespace: 'shop', name: 'db' },
    });
    store.told('profile', 'shop', profile('shop', { managed: false }));
    store.settle(0);
    const unmanaged = store.decorate(batch('web-1', flow({ dst: '10.96.0.20', port: 80 }))).batch;
    expect(unmanaged.ends[unmanaged.flows[0]!.dst]).toMatchObject({ workload: null, labels: [] });
  });

  it('names no workload behind a ClusterIP where backends are of several, but where they listen', () => {
    const store = shop();
    servicesOf(store, [
      { podUid: 'db-2', address: '10.244.1.2', targetPort: 5432 },
      { podUid: 'web-1', address: '10.244.1.1', targetPort: 5432 },
    ]);
    const { flows } = store.decorate(batch('web-1', flow({ dst: '10.96.0.20', port: 80 }))).batch;
    expect(flows[0]).toMatchObject({ target: flows[0]!.dst, targetPort: 5432 });
  });

  it('remembers who had an address a moment ago', () => {
    const store = shop();
    store.observe('pod', pod('db', 2, { gone: true }));
    store.settle(0);
    const { ends, flows } = store.decorate(batch('web-1', flow({}))).batch;
    expect(ends[flows[0]!.dst]).toMatchObject({ name: 'db', labels: ['2', '3'] });
  });

  it('gives an unmanaged Pod its namespace as a hint, and a stranger nothing', () => {
    const store = shop();
    store.observe('pod', pod('tool', 7, { namespace: 'tools' }));
    store.settle(0);
    const { ends } = store.decorate(
      batch('web-1', flow({ dst: '10.244.1.7' }), flow({ dst: '203.0.113.9' })),
    ).batch;
    expect(ends[1]).toMatchObject({ namespace: 'tools', managed: false, workload: null, labels: [] });
    expect(ends[2]).toMatchObject({ namespace: null, managed: false, workload: null });
  });

  it('drops what a node reports for a Pod of another node, or for another node, and keeps the rest', () => {
    const store = shop();
    store.observe('pod', pod('db', 3, { node: 'node-2' }));
    store.observe('node', node('node-2'));
    store.settle(0);
    const own = batch('web-1', flow({})).reporters;
    const said = [
      ...own,
      ...batch('db-3', flow({}), flow({})).reporters,
      ...batch('node-2', flow({})).reporters,
    ];
    const { batch: kept, foreign } = store.decorate({ ...batch('web-1'), reporters: said });
    expect(kept.flows).toHaveLength(1);
    expect(foreign).toEqual({ flows: 3, reporter: 'db-3' });
  });

  it('knows a Pod that has gone as a reporter of its node, and takes a stranger for a mere address', () => {
    const store = shop();
    store.observe('pod', pod('web', 1, { gone: true }));
    store.settle(0);
    const gone = store.decorate(batch('web-1', flow({}))).batch;
    expect(gone.ends[gone.flows[0]!.src]).toMatchObject({ name: 'web', labels: ['1', '3'] });
    expect(store.decorate({ ...batch('web-1', flow({})), node: 'node-2' }).foreign.flows).toBe(1);
    // Whose address it is now says nothing of who reports.
    const stranger = store.decorate(batch('nobody', flow({ src: '10.244.1.2' }))).batch;
    expect(stranger.ends[stranger.flows[0]!.src]).toMatchObject({ name: null, workload: null, labels: [] });
  });
});
