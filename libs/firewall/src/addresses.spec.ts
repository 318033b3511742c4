/** One text per address, and nothing but addresses in a script. */
import { describe, expect, it } from 'vitest';
import { canonicalAddress, canonicalCidr, peerSet } from './addresses.js';

describe('an address', () => {
  it.each([
    ['10.0.0.1', '10.0.0.1'],
    ['FD00:0:0::1', 'fd00::1'],
    ['::', '::'],
    ['::1', '::1'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:0db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['::ffff:10.0.0.1', '::ffff:a00:1'],
    ['fe80:0:0:0:0:0:0:0', 'fe80::'],
  ])('%s is written %s', (text, canonical) => {
    expect(canonicalAddress(text)).toBe(canonical);
  });

  it.each([
    '',
    '1',
    '10.0.0',
    '10.0.0.256',
    '10.0.0.01',
    'a::b::c',
    '1:2:3:4:5:6:7',
    '::12345',
    '10.0.0.1 }',
    '10.0.0.1/8',
    'fe80::1%eth0',
    '1:2:3:4:5:6:7:8::',
  ])('"%s" is none', (text) => {
    expect(canonicalAddress(text)).toBeUndefined();
  });
});

describe('a CIDR', () => {
  it.each([
    ['10.1.2.3/8', '10.0.0.0/8'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['fd00:1::5/32', 'fd00:1::/32'],
    ['10.1.2.3', '10.1.2.3/32'],
    ['::/0', '::/0'],
  ])('%s is written %s', (text, canonical) => {
    expect(canonicalCidr(text)).toBe(canonical);
  });
  it.each(['10.0.0.0/33', 'fd00::/129', '10.0.0.0/', '10.0.0.0/8/8', '10.0.0.0/-1'])(
    '"%s" is none',
    (text) => {
      expect(canonicalCidr(text)).toBeUndefined();
    },
  );
});

describe('a peer set', () => {
  it('splits families and drops CIDRs that lie inside another', () => {
    const peers = peerSet(
      ['10.0.0.1', 'FD00::1'],
      ['10.2.3.0/24', '10.2.0.0/16', '10.1.0.0/16', 'fd00::/16', 'fd00:1::/32'],
    );
    expect([...peers.hosts4, ...peers.hosts6]).toEqual(['10.0.0.1', 'fd00::1']);
    expect(peers.cidrs4).toEqual(['10.1.0.0/16', '10.2.0.0/16']);
    expect(peers.cidrs6).toEqual(['fd00::/16']);
  });

  it('refuses what is no address, because leaving it out could open a deny rule', () => {
    expect(() => peerSet(['10.0.0.1; flush ruleset'], [])).toThrowError(
      expect.objectContaining({ code: 'invalid_address' }),
    );
    expect(() => peerSet([], ['any'])).toThrowError(expect.objectContaining({ code: 'invalid_cidr' }));
  });
});
