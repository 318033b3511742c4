import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Endpoint, Group } from '@ringfence/contracts';
import { GroupMembers } from './group-members.js';

const NO_HOST: ReadonlySet<string> = new Set();
const group = (id: string, parts: Partial<Group> = {}): Group => ({
  id,
  labelSets: [],
  workloads: [],
  cidrs: [],
  fqdns: [],
  ownHost: false,
  ...parts,
});
const pod = (id: string, labelSet: string, ...addresses: string[]): Endpoint => ({
  id,
  workload: `w-${id}`,
  labelSet,
  class: 'pod',
  addresses,
  node: 'n1',
});

describe('members of a group', () => {
  it('are the addresses of its label sets and of its workloads', () => {
    const members = new GroupMembers();
    members.upsertGroup(group('g', { labelSets: ['a'], workloads: ['w-p2'] }));
    members.upsertEndpoint(pod('p1', 'a', '10.0.0.1', 'fd00::1'));
    members.upsertEndpoint(pod('p2', 'b', '10.0.0.2'));
    members.upsertEndpoint(pod('p3', 'b', '10.0.0.3'));
    expect([...members.addresses('g')].sort()).toEqual(['10.0.0.1', '10.0.0.2', 'fd00::1']);
    expect(members.takeChanges().get('g')).toEqual({
      added: ['10.0.0.1', '10.0.0.2', 'fd00::1'],
      removed: [],
    });
  });

  it('lose an address to the newest endpoint that claims it, and get it back when that one goes', () => {
    const members = new GroupMembers();
    members.upsertGroup(group('g', { labelSets: ['a'] }));
    members.upsertEndpoint(pod('old', 'a', '10.0.0.1'));
    members.takeChanges();
    members.upsertEndpoint(pod('new', 'b', '10.0.0.1'));
    expect(members.takeChanges().get('g')).toEqual({ added: [], removed: ['10.0.0.1'] });
    members.upsertEndpoint(pod('old', 'a', '10.0.0.1'));
    expect(members.ownerOf('10.0.0.1')?.id).toBe('new');
    members.removeEndpoint('new');
    expect(members.takeChanges().get('g')).toEqual({ added: ['10.0.0.1'], removed: [] });
  });

  it('include CIDRs and the own host without listing them', () => {
    const members = new GroupMembers();
    members.upsertGroup(group('g', { cidrs: ['192.0.2.0/24', '2001:db8::/32'], ownHost: true }));
    expect(members.contains('g', '192.0.2.9', NO_HOST)).toBe(true);
    expect(members.contains('g', '2001:db8::9', NO_HOST)).toBe(true);
    expect(members.contains('g', '10.0.0.1', NO_HOST)).toBe(false);
    expect(members.contains('g', '10.0.0.1', new Set(['10.0.0.1']))).toBe(true);
    expect(members.addresses('g').size).toBe(0);
  });

  it('are nobody for an unknown or a removed group', () => {
    const members = new GroupMembers();
    members.upsertEndpoint(pod('p1', 'a', '10.0.0.1'));
    members.upsertGroup(group('g', { labelSets: ['a'] }));
    members.removeGroup('g');
    expect(members.contains('g', '10.0.0.1', NO_HOST)).toBe(false);
    expect(members.takeChanges().size).toBe(0);
  });

  it('cancel out: what came and went between two looks is no change', () => {
    const members = new GroupMembers();
    members.upsertGroup(group('g', { labelSets: ['a'] }));
    members.upsertEndpoint(pod('p1', 'a', '10.0.0.1'));
    members.removeEndpoint('p1');
    expect(members.takeChanges().size).toBe(0);
  });
});

const GROUPS = ['g1', 'g2', 'g3'];
const ADDRESSES = ['10.0.0.1', '10.0.0.2', '10.0.0.3', 'fd00::1'];
type Step = { group: Group } | { noGroup: string } | { pod: Endpoint } | { noPod: string } | { take: true };
const labelSets = fc.shuffledSubarray(['a', 'b', 'c']);
const podId = fc.constantFrom('p1', 'p2', 'p3', 'p4');
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    group: fc.record({
      id: fc.constantFrom(...GROUPS),
      labelSets,
      workloads: fc.shuffledSubarray(['w1', 'w2']),
      cidrs: fc.constant<string[]>([]),
      fqdns: fc.constant<string[]>([]),
      ownHost: fc.constant(false),
    }),
  }),
  fc.record({ noGroup: fc.constantFrom(...GROUPS) }),
  fc.record({
    pod: fc.record({
      id: podId,
      workload: fc.constantFrom('w1', 'w2', null),
      labelSet: fc.constantFrom('a', 'b', 'c'),
      class: fc.constant('pod' as const),
      addresses: fc.subarray(ADDRESSES),
      node: fc.constant('n1'),
    }),
  }),
  fc.record({ noPod: podId }),
  fc.constant({ take: true as const }),
);

describe('incremental membership', () => {
  it('agrees with looking at every endpoint, and its changes add up to the same', () => {
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 50 }), (steps) => {
        const members = new GroupMembers();
        const groups = new Map<string, Group>();
        /** In order of first appearance. */
        const pods = new Map<string, Endpoint>();
        const told = new Map<string, Set<string>>();
        for (const step of [...steps, { take: true as const }]) {
          if ('group' in step) {
            groups.set(step.group.id, step.group);
            members.upsertGroup(step.group);
          } else if ('noGroup' in step) {
            groups.delete(step.noGroup);
            told.delete(step.noGroup);
            members.removeGroup(step.noGroup);
          } else if ('pod' in step) {
            pods.set(step.pod.id, step.pod);
            members.upsertEndpoint(step.pod);
          } else if ('noPod' in step) {
            pods.delete(step.noPod);
            members.removeEndpoint(step.noPod);
          } else checkTake();
        }

        function checkTake(): void {
          for (const [id, { added, removed }] of members.takeChanges()) {
            const set = told.get(id) ?? new Set<string>();
            told.set(id, set);
            for (const address of added) {
              expect(set.has(address)).toBe(false);
              set.add(address);
            }
            for (const address of removed) expect(set.delete(address)).toBe(true);
          }
          for (const one of groups.values()) {
            const expected = ADDRESSES.filter((address) => {
              const owner = [...pods.values()].findLast((endpoint) => endpoint.addresses.includes(address));
              if (owner === undefined) return false;
              return one.labelSets.includes(owner.labelSet) || one.workloads.includes(owner.workload ?? '');
            });
            expect(new Set(members.addresses(one.id))).toEqual(new Set(expected));
            expect(told.get(one.id) ?? new Set()).toEqual(new Set(expected));
            for (const address of ADDRESSES) {
              expect(members.contains(one.id, address, NO_HOST)).toBe(expected.includes(address));
            }
          }
        }
      }),
      { numRuns: 500 },
    );
  });
});
