import { describe, expect, it } from 'vitest';
import { seenFromOutside } from './seen-from-outside.js';
import type { OutsideFacts } from './seen-from-outside.js';

const node = (cluster: string, name: string, address: string, podCidr: string) => ({
  ...{ cluster, name, addresses: [address, 'node.example.com'], podCidrs: [podCidr] },
});
const east: OutsideFacts = {
  clusters: [
    { id: 'east', networkType: 'overlay' },
    { id: 'west', networkType: 'overlay' },
  ],
  nodes: [
    node('east', 'node-1', '192.0.2.1', '10.244.0.0/24'),
    node('east', 'node-2', '192.0.2.2', '10.244.1.0/24'),
    node('west', 'node-1', '198.51.100.1', '10.244.0.0/24'),
  ],
  placed: [
    { cluster: 'east', workload: 'web', node: 'node-1', addresses: ['10.244.0.5'] },
    { cluster: 'east', workload: 'web', node: 'node-2', addresses: ['10.244.1.5', '10.244.1.6'] },
    { cluster: 'east', workload: 'db', node: 'node-2', addresses: ['10.244.1.7'] },
  ],
};
const flat = (facts: OutsideFacts): OutsideFacts => ({
  ...facts,
  clusters: [{ id: 'east', networkType: 'flat' }, facts.clusters[1]!],
});
const told = (sights: ReadonlyMap<string, unknown>) => Object.fromEntries(sights);

describe('seen from outside', () => {
  it('Pods have the addresses of the nodes that they run on, and of no other', () => {
    expect(told(seenFromOutside(east).workloads)).toEqual({
      'east/web': { addresses: ['192.0.2.1', '192.0.2.2'], isHidden: true },
      'east/db': { addresses: ['192.0.2.2'], isHidden: true },
    });
  });

  it('nodes have the addresses that Kubernetes tells', () => {
    expect(told(seenFromOutside(east).nodes)).toEqual({
      'east/node-1': { addresses: ['192.0.2.1'], isHidden: false },
      'east/node-2': { addresses: ['192.0.2.2'], isHidden: false },
      'west/node-1': { addresses: ['198.51.100.1'], isHidden: false },
    });
  });

  it('Pods of a flat network have their own, but those that are another Pod in another cluster', () => {
    expect(told(seenFromOutside(flat(east)).workloads)).toEqual({
      'east/web': { addresses: ['10.244.1.5', '10.244.1.6'], isHidden: false },
      'east/db': { addresses: ['10.244.1.7'], isHidden: false },
    });
  });

  it('nobody of a cluster that is alone, or that is gone, has any', () => {
    const [only] = east.clusters;
    const alone = seenFromOutside({ ...east, clusters: [only!] });
    expect([alone.workloads.size, alone.nodes.size]).toEqual([0, 0]);
    const gone = seenFromOutside({
      ...east,
      clusters: [east.clusters[1]!, { id: 'third', networkType: 'flat' }],
    });
    expect([...gone.workloads.keys(), ...gone.nodes.keys()]).toEqual(['west/node-1']);
  });

  it('Pods on a node of which nothing is known have none', () => {
    expect(seenFromOutside({ ...east, nodes: east.nodes.slice(2) }).workloads.size).toBe(0);
  });
});
