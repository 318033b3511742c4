/** One text per address, and nothing but addresses in a script. */
import { describe, expect, it } from 'vitest';
import { changedPeerSet, peerSet } from './addresses.js';

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

  it('writes CIDRs with their host bits cleared, whatever their length', () => {
    const peers = peerSet([], ['0.0.0.0/0', '::/0']);
    expect([peers.cidrs4, peers.cidrs6]).toEqual([['0.0.0.0/0'], ['::/0']]);
    expect(peerSet([], ['10.1.2.3/31', '10.1.2.9/32', 'fd00::7/127']).cidrs4).toEqual([
      '10.1.2.2/31',
      '10.1.2.9/32',
    ]);
  });

  it('follows addresses that come and go', () => {
    const peers = changedPeerSet(peerSet(['10.0.0.1'], ['10.1.0.0/16']), {
      added: ['FD00::2', '10.0.0.2'],
      removed: ['10.0.0.1'],
    });
    expect(peers).toEqual(peerSet(['10.0.0.2', 'fd00::2'], ['10.1.0.0/16']));
  });

  it('refuses what is no address, because leaving it out could open a deny rule', () => {
    expect(() => peerSet(['10.0.0.1; flush ruleset'], [])).toThrowError(
      expect.objectContaining({ code: 'invalid_address' }),
    );
    expect(() => peerSet([], ['any'])).toThrowError(expect.objectContaining({ code: 'invalid_cidr' }));
  });
});
