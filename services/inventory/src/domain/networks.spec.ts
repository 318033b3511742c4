import { describe, expect, it } from 'vitest';
import { networkOf, NETWORKS, podNetwork } from './networks.js';

describe('the network of an address', () => {
  it.each([
    ['10.0.0.1', 'Corporate'],
    ['203.0.113.9', 'Corporate'],
    ['2001:db8::1', 'Corporate'],
    ['169.254.7.1', 'Link-Local'],
    ['fe80::1', 'Link-Local'],
    ['FEB0::1', 'Link-Local'],
    ['fec0::1', 'Corporate'],
  ])('of %s is %s', (address, name) => expect(networkOf(address).name).toBe(name));

  it('has an id of its own, the same whenever it is asked for', () => {
    const all = [...NETWORKS, podNetwork('a', 'one'), podNetwork('b', 'one')];
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
    expect(podNetwork('a', 'renamed').id).toBe(podNetwork('a', 'one').id);
  });
});
