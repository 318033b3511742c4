import { specification } from '@ringfence/decider/testing';
import { describe, expect, it } from 'vitest';
import { addressesOf, workloadDecider } from './workload.decider.js';
import type { NodePairing, Workload, WorkloadEvent } from './workload.decider.js';

const host: Workload = {
  id: '11111111-1111-4111-8111-111111111111',
  cluster: null,
  node: null,
  name: 'db-1',
  hostname: '',
  description: '',
  managed: false,
  labels: ['1'],
  mode: 'visibility_only',
  addresses: ['10.0.0.9'],
  interfaces: [{ name: 'eth0', address: '10.0.0.9' }],
  publicIp: null,
  online: true,
  visibilityLevel: 'flow_summary',
  externalDataSet: null,
  externalDataReference: null,
  about: {},
  origins: [{ label: '1', by: 'person', name: '/users/1' }],
};
const pairing: NodePairing = {
  id: '22222222-2222-4222-8222-222222222222',
  agent: '7',
  cluster: '33333333-3333-4333-8333-333333333333',
  node: 'node-1',
  labels: ['1'],
  profile: 'nodes of shop',
  mode: 'full',
  visibilityLevel: 'flow_summary',
  addresses: ['10.0.0.1'],
};
const node: Workload = {
  ...host,
  id: pairing.id,
  agent: '7',
  cluster: pairing.cluster,
  node: 'node-1',
  name: 'node-1',
  hostname: 'node-1',
  managed: true,
  mode: 'full',
  addresses: ['10.0.0.1'],
  interfaces: [],
  origins: [{ label: '1', by: 'pairing-profile', name: 'nodes of shop' }],
};
const keyOf = { '1': 'role', '2': 'role', '3': 'app' };
const created: WorkloadEvent = { type: 'WorkloadCreated', data: host };
const paired: WorkloadEvent = { type: 'WorkloadCreated', data: node };
const giver = { by: 'person', name: '/users/1' } as const;
const around = { keyOf, referenceTaken: false, giver };
const spec = specification(workloadDecider);

describe('an unmanaged workload', () => {
  it('has the addresses of its interfaces', () => {
    spec
      .given()
      .when({ type: 'create', workload: { ...host, addresses: [] }, ...around })
      .then(created);
    expect(
      addressesOf(
        [{ name: 'b', address: '10.0.0.2' }, { name: 'a', address: '10.0.0.1' }, { name: 'c' }],
        '1.2.3.4',
      ),
    ).toEqual(['1.2.3.4', '10.0.0.1', '10.0.0.2']);
  });
  it('needs a name or a hostname, known labels, and one label per type', () => {
    spec
      .given()
      .when({ type: 'create', workload: { ...host, name: '' }, ...around })
      .rejected('input-validation-error');
    spec
      .given()
      .when({ type: 'create', workload: { ...host, labels: ['9'] }, ...around })
      .rejected('input-validation-error');
    spec
      .given(created)
      .when({ type: 'change', change: { labels: ['1', '2'] }, ...around })
      .rejected('input-validation-error');
  });
  it('has no ports of administrators: only an agent would know them', () => {
    const change = { adminPorts: [{ port: 22, cidrs: null }] };
    spec
      .given(created)
      .when({ type: 'change', change, ...around })
      .rejected('input-validation-error');
  });
  it('is refused under an external reference that is taken', () => {
    spec
      .given()
      .when({ type: 'create', workload: host, ...around, referenceTaken: true })
      .rejected('external-reference-not-unique');
  });
  it('changes its labels as a whole, and is quiet when nothing changes', () => {
    spec
      .given(created)
      .when({ type: 'change', change: { labels: ['1', '3'] }, ...around })
      .then({
        type: 'WorkloadChanged',
        data: { ...host, labels: ['1', '3'], origins: [...host.origins!, { label: '3', ...giver }] },
      });
    spec
      .given(created)
      .when({ type: 'change', change: { labels: ['1'] }, ...around })
      .nothing();
  });
  it('says of each label who gave it first, and nothing of one of which that was never recorded', () => {
    const { origins: _, ...unrecorded } = host;
    const csv = { by: 'csv', name: '/users/2' } as const;
    const change = { type: 'change' as const, change: { labels: ['1', '3'] }, ...around, giver: csv };
    spec
      .given({ type: 'WorkloadCreated', data: unrecorded })
      .when(change)
      .then({
        type: 'WorkloadChanged',
        data: { ...host, labels: ['1', '3'], origins: [{ label: '3', ...csv }] },
      });
    spec
      .given(created)
      .when({ ...change, change: { labels: ['3'] } })
      .then({
        type: 'WorkloadChanged',
        data: { ...host, labels: ['3'], origins: [{ label: '3', ...csv }] },
      });
  });
  it('is deleted once', () => {
    const deleted: WorkloadEvent = { type: 'WorkloadDeleted', data: { id: host.id } };
    spec.given(created).when({ type: 'delete' }).then(deleted);
    spec.given(created, deleted).when({ type: 'delete' }).rejected('workload-already-deleted');
  });
});

describe('a node', () => {
  it('is paired with the labels and mode of the pairing profile', () => {
    spec.given().when({ type: 'pair', pairing }).then(paired);
  });
  it('keeps what people changed when its agent restarts', () => {
    spec
      .given(paired, { type: 'WorkloadChanged', data: { ...node, labels: ['3'] } })
      .when({ type: 'pair', pairing })
      .nothing();
  });
  it('has the addresses that its agent sees', () => {
    spec
      .given(paired)
      .when({ type: 'observe-addresses', addresses: ['10.0.0.2', '10.0.0.1'] })
      .then({ type: 'WorkloadChanged', data: { ...node, addresses: ['10.0.0.1', '10.0.0.2'] } });
    spec
      .given(paired)
      .when({ type: 'observe-addresses', addresses: ['10.0.0.1'] })
      .nothing();
    spec
      .given()
      .when({ type: 'observe-addresses', addresses: ['10.0.0.1'] })
      .nothing();
  });
  it('is lost to its peers while its agent is silent, and nothing else of it changes', () => {
    const lost: WorkloadEvent = { type: 'WorkloadChanged', data: { ...node, lost: true } };
    const lose = (isLost: boolean) => ({ type: 'lose', isLost }) as const;
    spec.given(paired).when(lose(true)).then(lost);
    spec.given(paired, lost).when(lose(true)).nothing();
    spec.given(paired, lost).when(lose(false)).then({ type: 'WorkloadChanged', data: node });
    spec.given(paired).when(lose(false)).nothing();
  });
  it('is not deleted over REST, but when it is gone from Kubernetes; and may come back', () => {
    const deleted: WorkloadEvent = { type: 'WorkloadDeleted', data: { id: node.id } };
    spec.given(paired).when({ type: 'delete' }).rejected('method-not-allowed-error');
    spec.given(paired).when({ type: 'node-gone' }).then(deleted);
    spec.given(paired, deleted).when({ type: 'node-gone' }).nothing();
    spec.given(paired).when({ type: 'unpair' }).then(deleted);
    spec.given(created).when({ type: 'unpair' }).rejected('workload-is-not-managed');
    spec.given(paired, deleted).when({ type: 'unpair' }).rejected('workload-already-deleted');
    spec.given(paired, deleted).when({ type: 'pair', pairing }).then(paired);
  });
});
