import { CLUSTER_NODES } from '@ringfence/policy-engine';
import { describe, expect, it } from 'vitest';
import { canonicalAdminPorts, shutOut } from './admin-ports.js';

const told = (port: number, cidrs: string[], groups: string[] = []) => ({
  ...{ ref: 'essential/admin', direction: 'ingress' as const, ports: [{ proto: 6, from: port, to: port }] },
  ...{ cidrs, groups },
});

describe('by which ports administrators reach a node', () => {
  it('is kept in one form, each port once', () => {
    expect(canonicalAdminPorts([{ port: 22, cidrs: ['10.1.2.3/8', '192.0.2.7'] }])).toEqual([
      { port: 22, cidrs: ['10.0.0.0/8', '192.0.2.7/32'] },
    ]);
    expect(canonicalAdminPorts([{ port: 22, cidrs: null }])).toEqual([{ port: 22, cidrs: null }]);
    expect(canonicalAdminPorts([{ port: 22, cidrs: ['10.0.0.0/33'] }])).toBe('"10.0.0.0/33" is no CIDR');
    const twice = [22, 22].map((port) => ({ port, cidrs: null }));
    expect(canonicalAdminPorts(twice)).toBe('each port once');
  });

  it('closes nothing where all who are let in stay so', () => {
    const links = told(22, ['192.168.0.0/24'], [CLUSTER_NODES]);
    expect(shutOut([links], [{ port: 22, cidrs: null }])).toEqual([]);
    expect(shutOut([told(22, ['10.1.0.0/16'])], [{ port: 22, cidrs: ['10.0.0.0/8'] }])).toEqual([]);
    expect(shutOut([], [])).toEqual([]);
  });

  it('says whom it closes to, port by port', () => {
    const now = [told(22, ['192.168.0.0/24'], [CLUSTER_NODES]), told(9100, ['10.0.0.0/8'])];
    const words = (who: string): string => `administrators would not be let in any more on ${who}`;
    expect(shutOut(now, [{ port: 22, cidrs: ['192.168.0.0/16'] }])).toEqual([
      words('22/tcp from nodes of the cluster'),
      words('9100/tcp from 10.0.0.0/8'),
    ]);
    const elsewhere = [22, 9100].map((port) => ({ port, cidrs: ['10.0.0.0/8'] }));
    expect(shutOut(now, elsewhere)).toEqual([words('22/tcp from nodes of the cluster, 192.168.0.0/24')]);
  });
});
