import { describe, expect, it } from 'vitest';
import { addressBehind, fewestRoutes, routedNetworks } from './route-table.js';

const v4 = (destination: string, mask: string): string =>
  `eth0\t${destination}\t00000000\t0001\t0\t0\t0\t${mask}\t0\t0\t0                 `;
const v6 = (destination: string, bits: string, device: string): string =>
  `${destination} ${bits} ${'0'.repeat(32)} 00 ${'0'.repeat(32)} 00000100 00000001 00000000 00000001     ${device}`;
const LINES = {
  v4: [
    'Iface\tDestination\tGateway',
    v4('00000000', '00000000'),
    v4('0001F40A', '00FFFFFF'),
    v4('0001F40A', '00FFFFFF'),
  ],
  v6: [
    v6('fd000000000000000000000000000000', '40', 'eth0'),
    v6('fe800000000000000000000000000000', '40', 'eth0'),
    v6('00000000000000000000000000000001', '80', 'lo'),
    v6('ff000000000000000000000000000000', '08', 'eth0'),
  ],
};
const found = (text: string, from: string) => ({ network: networksOf(text)[0]!, from });
const networksOf = (...texts: string[]) => texts.map((text) => ({ text, interval: routed.get(text)! }));
const routed = new Map(routedNetworks(LINES).map(({ text, interval }) => [text, interval]));

describe('the routes of a node', () => {
  it('are the networks of its table, each once, without those of which no rule speaks', () => {
    expect(routedNetworks(LINES).map(({ text }) => text)).toEqual([
      '0.0.0.0/0',
      '10.244.1.0/24',
      'fd00::/64',
    ]);
  });

  it('are asked about with an address that no narrower one holds and that is not the node’s own', () => {
    const networks = networksOf('0.0.0.0/0', '10.244.1.0/24');
    expect(addressBehind(networks[0]!, networks, new Set())).toBe('203.0.113.1');
    expect(addressBehind(networks[1]!, networks, new Set(['10.244.1.1']))).toBe('10.244.1.2');
    const [inner] = networksOf('10.244.1.0/24');
    const halves = ['10.244.1.0/25', '10.244.1.128/25'].map((text, i) => {
      const first = inner!.interval.first + BigInt(i * 128);
      return { text, interval: { version: 4 as const, first, last: first + 127n } };
    });
    expect(addressBehind(inner!, [inner!, ...halves], new Set())).toBeNull();
  });

  it('say no more than they must', () => {
    const routes = [found('10.244.1.0/24', '192.0.2.1'), found('0.0.0.0/0', '192.0.2.1')];
    expect(fewestRoutes(routes)).toEqual([{ to: '0.0.0.0/0', from: '192.0.2.1' }]);
    expect(fewestRoutes([found('10.244.1.0/24', '10.244.1.1'), found('0.0.0.0/0', '192.0.2.1')])).toEqual([
      { to: '0.0.0.0/0', from: '192.0.2.1' },
      { to: '10.244.1.0/24', from: '10.244.1.1' },
    ]);
  });
});
