import { beforeEach, describe, expect, it } from 'vitest';
import { Cluster } from './cluster.js';
import type { Service } from './kube-object.js';

let cluster: Cluster;

beforeEach(async () => {
  cluster = new Cluster({ serviceCidr: '10.96.0.0/24', historyLimit: 100 });
  await cluster.resource('namespaces').create({ metadata: { name: 'default' } });
});

const create = (name: string, spec: Partial<Service['spec']> = {}): Promise<Service> =>
  cluster
    .resource('services')
    .create({ metadata: { name, namespace: 'default' }, spec: { ports: [{ port: 80 }], ...spec } });

describe('a Service', () => {
  it('gets an address, a protocol and a target port, and keeps the address through updates', async () => {
    const { spec } = await create('web');
    expect(spec).toMatchObject({
      clusterIP: '10.96.0.11',
      type: 'ClusterIP',
      ports: [{ port: 80, targetPort: 80, protocol: 'TCP' }],
    });
    const updated = cluster.resource('services').modify({ namespace: 'default', name: 'web' }, (draft) => {
      delete draft.spec.clusterIP;
      draft.spec.ports = [{ port: 81 }];
    });
    expect(updated?.spec).toMatchObject({ clusterIP: '10.96.0.11', ports: [{ port: 81 }] });
  });

  it('has no address when it is headless or a name elsewhere', async () => {
    expect((await create('headless', { clusterIP: 'None' })).spec.clusterIP).toBe('None');
    expect(
      (await create('elsewhere', { type: 'ExternalName', externalName: 'db.example.com' })).spec.clusterIP,
    ).toBeUndefined();
  });

  it('may ask for an address, but not for one that is taken or out of range, and may not change it', async () => {
    expect((await create('dns', { clusterIP: '10.96.0.10' })).spec.clusterIP).toBe('10.96.0.10');
    await expect(create('again', { clusterIP: '10.96.0.10' })).rejects.toThrow(/already allocated/);
    await expect(create('outside', { clusterIP: '10.97.0.1' })).rejects.toThrow(/valid range/);
    const move = (): unknown =>
      cluster
        .resource('services')
        .modify({ namespace: 'default', name: 'dns' }, (draft) => void (draft.spec.clusterIP = '10.96.0.9'));
    expect(move).toThrow(/immutable/);
  });

  it('gets node ports of its own when it is reachable from outside', async () => {
    const first = await create('one', { type: 'NodePort' });
    const second = await create('two', { type: 'LoadBalancer' });
    expect(first.spec.ports?.[0]?.nodePort).toBe(30_000);
    expect(second.spec.ports?.[0]?.nodePort).toBe(30_001);
    await expect(
      create('three', { type: 'NodePort', ports: [{ port: 80, nodePort: 30_001 }] }),
    ).rejects.toThrow(/already allocated/);
    await expect(create('four', { type: 'NodePort', ports: [{ port: 80, nodePort: 80 }] })).rejects.toThrow(
      /valid range/,
    );
  });

  it('uses every address of a small range once, and then says that it is used up', async () => {
    const addresses = new Set<string | undefined>();
    for (let number = 0; number < 244; number += 1)
      addresses.add((await create(`s${number}`)).spec.clusterIP);
    expect(addresses.size).toBe(244);
    await expect(create('one-too-many')).rejects.toThrow(/used up/);
  });

  it('needs a name for every port when it has several', async () => {
    await expect(create('ports', { ports: [{ port: 80 }, { port: 81 }] })).rejects.toThrow(
      /spec.ports\[0\].name/,
    );
  });
});
