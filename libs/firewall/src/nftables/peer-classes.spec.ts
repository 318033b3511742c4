/** A class says of an address what walking all groups would say, whatever lies over what. */
import { formatAddress, parseAddress, parseCidr } from '@ringfence/policy-engine';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { peerSet } from '../model/addresses.js';
import type { PeerSet } from '../model/firewall.model.js';
import type { PeerClasses } from './class-members.js';
import { fingerprint, NO_CLASS } from './class-names.js';
import { peerClasses } from './peer-classes.js';
import type { SharedMap } from './shared-map.js';

const groups = ['a', 'b', 'c', 'd'];
const hosts = ['10.0.0.0', '10.0.0.1', '10.0.1.255', '255.255.255.255', 'fd00::', 'fd00::1', 'fd00::1:0'];
const cidrs = [
  '0.0.0.0/0',
  '10.0.0.0/24',
  '10.0.0.0/31',
  '10.0.1.0/24',
  '255.255.255.255/32',
  '::/0',
  'fd00::/112',
];
const members = fc.record({
  hosts: fc.subarray(hosts),
  cidrs: fc.subarray(cidrs),
});
const anyPeers = fc
  .array(members, { minLength: groups.length, maxLength: groups.length })
  .map(
    (lists): ReadonlyMap<string, PeerSet> =>
      new Map(lists.map((list, i) => [groups[i] ?? '', peerSet(list.hosts, list.cidrs)])),
  );

const entries = (map: SharedMap): ReadonlyMap<string, string> => new Map(map);

/** All that the table is made of, whatever way it was worked out. */
function said({ hosts: known, ranges, classes }: PeerClasses): unknown {
  const sorted = [...classes].map(([group, names]) => [group, [...names].sort()]);
  return [known[4], known[6], ranges[4], ranges[6]]
    .map(entries)
    .concat(new Map(sorted as [string, string][]));
}

/** As the kernel does it: by itself, and only then among ranges. */
function classOf({ hosts: known, ranges }: PeerClasses, address: string): string {
  const { version, value } = parseAddress(address)!;
  const around = [...ranges[version]].find(([range]) => {
    const [first = '', last = first] = range.split('-');
    return parseAddress(first)!.value <= value && value <= parseAddress(last)!.value;
  });
  return known[version].get(address) ?? around?.[1] ?? NO_CLASS;
}

function groupsOf(peers: ReadonlyMap<string, PeerSet>, address: string): string[] {
  const { version, value } = parseAddress(address)!;
  return groups.filter((group) => {
    const set = peers.get(group)!;
    return (
      set[`hosts${version}`].has(address) ||
      set[`cidrs${version}`].some((cidr) => {
        const { first, last } = parseCidr(cidr)!;
        return first <= value && value <= last;
      })
    );
  });
}

describe('the class of an address', () => {
  it('names exactly the groups that it is in', () => {
    fc.assert(
      fc.property(anyPeers, (peers) => {
        const classes = peerClasses(groups, peers);
        for (const address of [...hosts, '10.0.0.7', '10.0.2.0', '9.9.9.9', 'fd00::ffff', 'fe80::1']) {
          const found = classOf(classes, address);
          const said = groups.filter((group) => classes.classes.get(group)?.includes(found));
          expect([address, said]).toEqual([address, groupsOf(peers, address)]);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('stays what it is when others come, and when a group comes that it is not in', () => {
    const before = new Map([['a', peerSet(['10.0.0.1', '10.0.0.2'], [])]]);
    const after = new Map([
      ['a', peerSet(['10.0.0.1', '10.0.0.2', '10.0.0.3'], [])],
      ['b', peerSet(['10.0.0.2'], [])],
    ]);
    const [old, now] = [peerClasses(['a'], before), peerClasses(['a', 'b'], after)];
    expect(now.hosts[4].get('10.0.0.1')).toBe(old.hosts[4].get('10.0.0.1'));
    expect(now.hosts[4].get('10.0.0.2')).not.toBe(old.hosts[4].get('10.0.0.2'));
  });

  it('is one for a thousand addresses of the same groups, and ranges that touch are one', () => {
    const many = Array.from({ length: 1_000 }, (_, i) =>
      formatAddress({ version: 4, value: 167_772_160n + BigInt(i) }),
    );
    const { hosts: known, ranges } = peerClasses(
      ['a'],
      new Map([['a', peerSet(many, ['10.1.0.0/16', '10.2.0.0/16'])]]),
    );
    expect(new Set(entries(known[4]).values()).size).toBe(1);
    expect([...entries(ranges[4]).keys()]).toEqual(['10.1.0.0-10.2.255.255']);
  });
});

describe('classes worked out from earlier ones', () => {
  const anyStep = fc.record({ peers: anyPeers, groups: fc.subarray(groups), kept: fc.subarray(groups) });

  it('are those that are worked out from nothing', () => {
    fc.assert(
      fc.property(fc.array(anyStep, { minLength: 2, maxLength: 6 }), (steps) => {
        let before: PeerClasses | undefined;
        let peers: ReadonlyMap<string, PeerSet> = new Map();
        for (const step of steps) {
          const kept = [...peers].filter(([group]) => step.kept.includes(group));
          peers = new Map([...step.peers, ...kept]);
          before = peerClasses(step.groups, peers, before);
          expect(said(before)).toEqual(said(peerClasses(step.groups, peers)));
        }
      }),
      { numRuns: 100 },
    );
  });

  it('are so with CIDRs that stay while addresses come and go', () => {
    const around = fc.subarray(cidrs);
    const coming = fc.array(fc.subarray(hosts), { minLength: 2, maxLength: 6 });
    fc.assert(
      fc.property(around, fc.subarray(hosts), coming, (ranges, others, steps) => {
        let before: PeerClasses | undefined;
        const b = peerSet(others, ['10.0.0.0/24']);
        for (const step of steps) {
          const peers = new Map([
            ['a', peerSet(step, ranges)],
            ['b', b],
          ]);
          before = peerClasses(['a', 'b'], peers, before);
          expect(said(before)).toEqual(said(peerClasses(['a', 'b'], peers)));
        }
      }),
      { numRuns: 100 },
    );
  });

  it('are so where two classes would share a name, whichever comes first', () => {
    const [one, other] = ['costarring', 'liquid']; // Of one fingerprint.
    expect(fingerprint(one)).toBe(fingerprint(other));
    const step = (members: readonly string[]): ReadonlyMap<string, PeerSet> =>
      new Map(members.map((group, i) => [group, peerSet([`10.0.0.${i + 1}`], [])]));
    let before: PeerClasses | undefined;
    for (const members of [[one], [one, other], [other], [other, one], [one, other, 'z'], []]) {
      before = peerClasses([one, other, 'z'], step(members), before);
      expect(said(before)).toEqual(said(peerClasses([one, other, 'z'], step(members))));
    }
    const both = peerClasses([one, other], step([one, other]));
    expect(both.classes.get(one)).not.toEqual(both.classes.get(other));
  });
});
