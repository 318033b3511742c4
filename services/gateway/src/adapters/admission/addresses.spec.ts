import { describe, expect, it } from 'vitest';
import { addressesOf, clientAddress } from './addresses.js';

describe('some addresses', () => {
  it('are those that are named, and those in a network, of both versions', () => {
    const among = addressesOf(['192.0.2.7', '10.1.2.3/8', '2001:db8::/32', '::1']);
    for (const address of ['192.0.2.7', '10.255.0.1', '2001:db8:1::5', '::1', '::ffff:10.0.0.1'])
      expect([address, among(address)]).toEqual([address, true]);
    for (const address of ['192.0.2.8', '11.0.0.1', '2001:db9::1', '::2', '', 'localhost', '10.0.0'])
      expect([address, among(address)]).toEqual([address, false]);
  });

  it('are all, or none', () => {
    expect(addressesOf(['0.0.0.0/0'])('203.0.113.9')).toBe(true);
    expect(addressesOf(['::/0'])('2001:db8::1')).toBe(true);
    expect(addressesOf([])('203.0.113.9')).toBe(false);
  });
});

describe('where a request comes from', () => {
  const trusts = addressesOf(['10.0.0.0/8', 'fd00::1']);
  it.each([
    ['the socket, whatever it says', '203.0.113.9', '192.0.2.7', '203.0.113.9'],
    ['a trusted proxy itself', '10.0.0.1', undefined, '10.0.0.1'],
    ['whom a trusted proxy heard', '10.0.0.1', '192.0.2.7', '192.0.2.7'],
    ['and not whom that one pretended to have heard', '10.0.0.1', '127.0.0.1, 192.0.2.7', '192.0.2.7'],
    ['beyond several proxies', '10.0.0.1', '192.0.2.7 , fd00::1, 10.0.0.2', '192.0.2.7'],
    ['the first of trusted ones', '10.0.0.1', '10.0.0.3, 10.0.0.2', '10.0.0.3'],
    ['the proxy, if that tells no address', '10.0.0.1', 'unknown', '10.0.0.1'],
    ['the proxy, if that tells nothing', '10.0.0.1', ',', '10.0.0.1'],
    ['IPv4 in IPv6', '::ffff:10.0.0.1', '::ffff:192.0.2.7', '192.0.2.7'],
  ])('is %s', (_, peer, forwardedFor, address) => {
    expect(clientAddress(peer, forwardedFor, trusts)).toBe(address);
  });
});
