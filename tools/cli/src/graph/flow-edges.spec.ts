import { describe, expect, it } from 'vitest';
import { flow, workload } from '../testing/flow-examples.js';
import type { FlowExample } from '../testing/flow-examples.js';
import { edgesOf } from './flow-edges.js';
import type { EdgeOptions } from './flow-edges.js';

const RULE = '/orgs/1/sec_policy/active/rule_sets/3/sec_rules/7';
const BOUNDARY = '/orgs/1/sec_policy/active/enforcement_boundaries/5';
const rules = new Map([
  ['rule_sets/3/sec_rules/7', 'shop / web to api'],
  ['enforcement_boundaries/5', 'dev not to prod'],
]);
function edges(examples: FlowExample[], options: Partial<EdgeOptions> = {}) {
  return edgesOf(examples.map(flow), { by: 'workload', all: false, rules, ...options });
}
const said = (example: FlowExample): string => {
  const [edge] = edges([example], { all: true }).edges;
  return `${edge?.verdict}: ${edge?.rule}`;
};
const ended = (mode: string): Pick<FlowExample, 'to'> => ({ to: workload('shop', 'api', { mode }) });

describe('an edge', () => {
  it('is one for all connections from a workload to another on a port', () => {
    const later = '2026-11-20T10:05:00.000Z';
    const found = edges([
      { connections: 2 },
      { connections: 3, from: workload('shop', 'web', { ip: '10.244.0.9' }), at: later },
      { port: 9090 },
    ]).edges;
    expect(
      found.map(({ from, to, port, connections, last_seen: at }) => [from, to, port, connections, at]),
    ).toEqual([
      ['shop/web', 'shop/api', '8080/tcp', 5, later],
      ['shop/web', 'shop/api', '9090/tcp', 1, '2026-11-20T10:00:00.000Z'],
    ]);
  });

  it('goes by role, workload or Pod', () => {
    const web = [1, 2].map((n) => ({
      from: workload('shop', `web-v${n}`, { role: 'web', ip: `10.244.0.${n}` }),
    }));
    const from = (by: EdgeOptions['by']): string[] => edges(web, { by }).edges.map((edge) => edge.from);
    expect([from('role'), from('workload'), from('pod')]).toEqual([
      ['shop/web'],
      ['shop/web-v1', 'shop/web-v2'],
      ['shop/web-v1 (10.244.0.1)', 'shop/web-v2 (10.244.0.2)'],
    ]);
  });

  it('names a Service or an IP list where no workload answers, and an address only where nothing has a name', () => {
    const to = [
      { ip: '10.96.0.9', service: { namespace: 'other', name: 'api' } },
      { ip: '8.8.8.8', ip_lists: [{ href: '', name: 'internet', size: 1 }] },
      { ip: '9.9.9.9' },
    ];
    expect(to.flatMap((end) => edges([{ to: end }]).edges.map((edge) => edge.to))).toEqual([
      'other/api (service)',
      '8.8.8.8 (internet)',
      '9.9.9.9',
    ]);
  });

  it('through a Service is one, also with what called it before anybody was behind it', () => {
    const service = { namespace: 'shop', name: 'db' };
    const early = { to: { ...workload('shop', 'db', { kind: 'Service' }), service }, connections: 2 };
    const answered = {
      ...{ to: { ...workload('shop', 'db-v1'), service }, connections: 3 },
      ...{ verdict: 'allowed' as const, rules: [{ href: RULE }] },
    };
    const lines = (...flows: FlowExample[]) =>
      edges(flows).edges.map(({ to, port, connections }) => `${to} ${port} ${connections}`);
    expect(lines(early, answered)).toEqual(['shop/db-v1 8080/tcp 5']);
    expect(lines({ ...early, port: 80 }, answered)).toEqual(['shop/db-v1 8080/tcp 5']);
    expect(edges([early, answered]).edges).toMatchObject([{ verdict: 'allowed' }]);
    expect(lines(early)).toEqual(['shop/db (service) 8080/tcp 2']);
    // Several answer: the Service stands for itself.
    const other = { to: { ...workload('shop', 'db-v2'), service }, connections: 1 };
    expect(lines(early, answered, other)).toContain('shop/db (service) 8080/tcp 2');
  });

  it('has the outcome that holds now: the newest of a connection, under the newest policy', () => {
    const before = { verdict: 'potentially_blocked', version: 1, at: '2026-11-20T10:00:00.000Z' } as const;
    const after = {
      verdict: 'allowed',
      version: 2,
      at: '2026-11-20T10:01:00.000Z',
      rules: [{ href: RULE }],
    } as const;
    const ofOldPod = { ...before, from: workload('shop', 'web', { ip: '10.244.0.8' }) };
    const [edge] = edges([before, { ...after, rules: [...after.rules] }, ofOldPod]).edges;
    expect(edge).toMatchObject({ verdict: 'allowed', rule: 'shop / web to api' });
  });

  it('has the worst outcome of its Pods', () => {
    const blocked = { verdict: 'blocked', from: workload('shop', 'web', { ip: '10.244.0.8' }) } as const;
    expect(edges([{ verdict: 'allowed' }, blocked]).edges).toMatchObject([{ verdict: 'blocked' }]);
  });
});

describe('what is said beside a verdict', () => {
  it.each<[FlowExample, string]>([
    [{ verdict: 'allowed', rules: [{ href: RULE }] }, 'allowed: shop / web to api'],
    [
      { verdict: 'allowed', rules: [{ essential_service_rule: 'cluster-dns' }] },
      'allowed: essential: the cluster’s DNS',
    ],
    [{ verdict: 'allowed', ...ended('visibility_only') }, 'allowed: visibility only'],
    [{ verdict: 'allowed', ...ended('selective') }, 'allowed: selective: no rule denies it'],
    [{ verdict: 'allowed', ...ended('idle') }, 'allowed: idle'],
    [{ verdict: 'allowed', ...ended('full') }, 'allowed: begun before the policy changed'],
    [{ verdict: 'allowed', to: { ip: '8.8.8.8' } }, 'allowed: not enforced by Ringfence'],
    [{ verdict: 'potentially_blocked' }, 'potentially_blocked: no rule allows it'],
    [
      { verdict: 'potentially_blocked', denied: BOUNDARY },
      'potentially_blocked: dev not to prod, not enforced yet',
    ],
    [{ verdict: 'blocked' }, 'blocked: no rule allows it'],
    [{ verdict: 'blocked', denied: BOUNDARY }, 'blocked: dev not to prod'],
    [{ verdict: 'blocked', rules: [{ href: RULE }] }, 'blocked: no rule allows it'],
    [{ verdict: 'unknown' }, 'unknown: -'],
  ])('never contradicts it (%#: %s)', (example, expected) => {
    expect(said(example)).toBe(expected);
  });
});

describe('infrastructure', () => {
  const infrastructure: FlowExample[] = [
    { verdict: 'allowed', rules: [{ essential_service_rule: 'cluster-dns' }], port: 53 },
    { to: workload('kube-system', 'kube-dns'), port: 9153 },
    { to: { ip: '10.96.0.1', service: { namespace: 'default', name: 'kubernetes' } }, port: 443 },
  ];

  it('is folded away and counted, unless it is asked for', () => {
    expect(edges([{}, ...infrastructure])).toMatchObject({ edges: [{ to: 'shop/api' }], folded: 3 });
    expect(edges([{}, ...infrastructure], { all: true })).toMatchObject({ folded: 0 });
    expect(edges([{}, ...infrastructure], { all: true }).edges).toHaveLength(4);
  });
});
