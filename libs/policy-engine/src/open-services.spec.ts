import { describe, expect, it } from 'vitest';
import type { Endpoint, ServiceObserved, WireRule } from '@ringfence/contracts';
import { GroupMembers } from './group-members.js';
import { openServices, servicePortsBehind } from './open-services.js';

const DATABASE = 'g-00000000000000000001';
const rule = (parts: Partial<WireRule> = {}): WireRule => ({
  ref: 'rule/1',
  class: 'allow',
  ports: [{ proto: 6, from: 5432, to: 5432 }],
  peers: [DATABASE],
  ...parts,
});
type Service = Pick<ServiceObserved, 'clusterIps' | 'ports' | 'backends'>;
const service = (parts: Partial<Service> = {}): Service => ({
  clusterIps: ['10.96.0.10', 'fd00:96::10'],
  ports: [
    { name: 'sql', proto: 6, port: 3306, nodePort: null },
    { name: 'metrics', proto: 6, port: 9090, nodePort: null },
  ],
  backends: [
    { portIndex: 0, targetPort: 5432, podUid: 'db', address: '10.0.0.1' },
    { portIndex: 1, targetPort: 9187, podUid: 'db', address: '10.0.0.1' },
  ],
  ...parts,
});
const pod = (id: string, labelSet: string, address: string): Endpoint => ({
  id,
  workload: null,
  labelSet,
  class: 'pod',
  addresses: [address],
  node: null,
});

function members(): GroupMembers {
  const all = new GroupMembers();
  all.upsertGroup({ id: DATABASE, labelSets: ['db'], workloads: [], cidrs: [], fqdns: [], ownHost: false });
  all.upsertEndpoint(pod('db', 'db', '10.0.0.1'));
  all.upsertEndpoint(pod('web', 'web', '10.0.0.2'));
  return all;
}
const lookup = (all: GroupMembers, judging: readonly string[] = []) => ({
  ownerOf: (address: string) => all.ownerOf(address),
  holdsEndpoint: (...args: Parameters<GroupMembers['holdsEndpoint']>) => all.holdsEndpoint(...args),
  contains: (...args: Parameters<GroupMembers['contains']>) => all.contains(...args),
  judges: (labelSet: string) => judging.includes(labelSet),
  isNobodys: (address: string) => address.startsWith('10.0.0.') && all.ownerOf(address) === undefined,
});
const open = (egress: WireRule[], services: Service[], judging: readonly string[] = []) =>
  openServices(
    { egress },
    {
      portsBehind: (group) => servicePortsBehind(group, services, lookup(members(), judging)),
      servicesOf: () => [],
    },
  );

describe('a rule to provider Pods', () => {
  it('opens the ClusterIPs in front of them, on the service port and no other', () => {
    const { egress, groups } = open([rule()], [service()]);
    expect(egress).toEqual([
      rule(),
      { ...rule(), ports: [{ proto: 6, from: 3306, to: 3306 }], peers: [groups[0]!.id] },
    ]);
    expect(groups).toMatchObject([{ cidrs: ['10.96.0.10/32', 'fd00:96::10/128'], labelSets: [] }]);
  });

  it('does not open a Service that has other Pods behind it', () => {
    const backends = [{ portIndex: 0, targetPort: 5432, podUid: 'web', address: '10.0.0.2' }];
    expect(open([rule()], [service({ backends })])).toEqual({ egress: [rule()], groups: [] });
  });

  it('does not open a Service behind which there is also somebody whom it does not mean and who judges nobody', () => {
    const db = { portIndex: 0, targetPort: 5432, podUid: 'db', address: '10.0.0.1' };
    const beside = (other: Partial<typeof db>, judging: readonly string[] = []) =>
      open([rule()], [service({ backends: [db, { ...db, ...other }] })], judging).groups.length;
    expect(beside({ podUid: null as never, address: '203.0.113.9' })).toBe(0);
    // Whoever writes a slice names any Pod beside any address.
    expect(beside({ address: '203.0.113.9' })).toBe(0);
    expect(beside({ podUid: 'web', address: '10.0.0.2' })).toBe(0);
    expect(beside({ podUid: 'web', address: '10.0.0.2' }, ['web'])).toBe(1);
    expect(beside({ targetPort: 22 })).toBe(0);
    expect(beside({ targetPort: 22 }, ['db'])).toBe(1);
    // A Pod that comes or goes.
    expect(beside({ podUid: 'new', address: '10.0.0.77' })).toBe(1);
  });

  it('makes no cross product of ports: each service port needs its own target port', () => {
    const ports = [{ proto: 6, from: 9187, to: 9187 }];
    expect(open([rule({ ports })], [service()]).egress.map((one) => one.ports[0]!.from)).toEqual([
      9187, 9090,
    ]);
  });

  it('keeps the id of a ClusterIP group when another Service comes, and changes only what is in it', () => {
    const one = open([rule()], [service()]).groups[0]!;
    const two = open([rule()], [service(), service({ clusterIps: ['10.96.0.11'] })]).groups[0]!;
    expect(two.id).toBe(one.id);
    expect(two.cidrs).toEqual(['10.96.0.10/32', '10.96.0.11/32', 'fd00:96::10/128']);
  });

  it('has a group of its own for each service port', () => {
    const all = open([rule({ ports: [{ proto: -1 }] })], [service()]);
    expect(new Set(all.groups.map((group) => group.id)).size).toBe(2);
    expect(all.egress.map((one) => one.ports[0])).toEqual([
      { proto: -1 },
      { proto: 6, from: 3306, to: 3306 },
      { proto: 6, from: 9090, to: 9090 },
    ]);
  });

  it('opens nothing if it denies, or if the Service is headless', () => {
    expect(open([rule({ class: 'deny' })], [service()]).groups).toEqual([]);
    expect(open([rule()], [service({ clusterIps: [] })]).groups).toEqual([]);
  });

  it('opens a Service whose backend is a node, or an address of an IP list', () => {
    const all = members();
    const NODES = 'g-00000000000000000002';
    const API = 'g-00000000000000000003';
    const of = { workloads: [], fqdns: [], ownHost: false };
    all.upsertGroup({ ...of, id: NODES, labelSets: ['nodes'], cidrs: [] });
    all.upsertGroup({ ...of, id: API, labelSets: [], cidrs: ['172.18.0.0/30'] });
    all.upsertEndpoint({ ...pod('node-1', 'nodes', '192.0.2.1'), class: 'node' });
    const kubernetes = (address: string): Service =>
      service({
        ports: [{ name: 'https', proto: 6, port: 443, nodePort: null }],
        backends: [{ portIndex: 0, targetPort: 6443, podUid: null, address }],
      });
    const opened = (peer: string, address: string) =>
      openServices(
        { egress: [rule({ peers: [peer], ports: [{ proto: 6, from: 6443 }] })] },
        {
          portsBehind: (group) => servicePortsBehind(group, [kubernetes(address)], lookup(all)),
          servicesOf: () => [],
        },
      ).egress.map((one) => one.ports[0]!.from);
    expect(opened(NODES, '192.0.2.1')).toEqual([6443, 443]);
    expect(opened(API, '172.18.0.2')).toEqual([6443, 443]);
    expect(opened(API, '172.18.0.9')).toEqual([6443]);
    expect(opened(NODES, '172.18.0.2')).toEqual([6443]);
  });

  it('knows a backend by its address where the Pod is not named', () => {
    const backends = [{ portIndex: 0, targetPort: 5432, podUid: null, address: '10.0.0.1' }];
    expect(open([rule()], [service({ backends })]).groups).toHaveLength(1);
  });
});
