import { describe, expect, it } from 'vitest';
import { route4, route6, routedTo } from './routes.js';

/** As /proc/net/route and /proc/net/ipv6_route show them. */
const ROUTES = [
  'Iface	Destination	Gateway 	Flags	RefCnt	Use	Metric	Mask		MTU	Window	IRTT',
  'eth0	00000000	01011EAC	0003	0	0	0	00000000	0	0	0',
  'veth1	0201F50A	00000000	0005	0	0	0	FFFFFFFF	0	0	0',
  'eth0	0002F50A	0C011EAC	0003	0	0	0	00FFFFFF	0	0	0',
  'cni0	0003F50A	00000000	0001	0	0	0	00FFFFFF	0	0	0',
].flatMap((line) => route4(line) ?? []);
const ROUTES_6 = [
  'fd770000000000000000000000000002 80 00000000000000000000000000000000 00 00000000000000000000000000000000 00000400 00000001 00000000 00000001    veth6',
  '00000000000000000000000000000000 00 00000000000000000000000000000000 00 fe800000000000000000000000000001 00000400 00000001 00000000 00000003     eth0',
  '00000000000000000000000000000001 80 00000000000000000000000000000000 00 00000000000000000000000000000000 00000000 00000002 00000000 80200001       lo',
].flatMap((line) => route6(line) ?? []);

describe('the interfaces of Pods', () => {
  it('are those to which their addresses are routed without a gateway', () => {
    const all = [...ROUTES, ...ROUTES_6];
    expect(routedTo(['10.245.1.2', '10.245.3.7', '10.245.3.8', 'fd77::2'], all)).toEqual([
      'cni0',
      'veth1',
      'veth6',
    ]);
  });

  it('are never those that lead elsewhere, and nothing is made of what is no address', () => {
    expect(
      routedTo(['10.245.2.9', '192.0.2.1', 'fd78::1', 'nonsense', ''], [...ROUTES, ...ROUTES_6]),
    ).toEqual([]);
    const odd = { ...ROUTES[1]!, link: 'a"b' };
    expect(routedTo(['10.245.1.2'], [odd])).toEqual([]);
  });
});
