/** Order, modes, services and virtual services, sentence by sentence; beside sentences.spec.ts, in the same town. */
import { describe, expect, it } from 'vitest';
import type { EnforcementMode, PortRange, VirtualService } from '@ringfence/contracts';
import { allow, boundary, deny, ipList, labelId, rules, STRANGER, Town } from './testing/town.js';
import type { Judged, OnWire, TownPolicy } from './testing/town.js';

function judged(
  policy: TownPolicy,
  end: 'source' | 'destination',
  [from, to]: [string, string],
  packet?: OnWire,
): Judged | null {
  const { engine, words } = new Town(policy).judged(end, from, to, packet);
  expect(engine).toEqual(words);
  return engine;
}
const verdictOf = (...asked: Parameters<typeof judged>): string | undefined => judged(...asked)?.verdict;
const WEB_TO_DB: [string, string] = ['web', 'db'];

describe('the order', () => {
  const [open, override, stop] = [
    allow('role:web', 'role:db'),
    deny('role:web', 'role:db', { override: true }),
    deny('role:web', 'role:db'),
  ];
  const decidedBy = (policy: TownPolicy): string | null | undefined =>
    judged(policy, 'destination', WEB_TO_DB)?.rule?.split('/').slice(-2).join('/');

  it('is override deny, allow, deny, boundary, whatever stands where', () => {
    const [first, second] = [rules([], stop, open), rules([], override)];
    const boundaries = [boundary('ams', 'ams')];
    expect(decidedBy({ rule_sets: [first, second] })).toBe(`deny_rules/${override.id}`);
    expect(decidedBy({ rule_sets: [first], enforcement_boundaries: boundaries })).toBe(
      `sec_rules/${open.id}`,
    );
    expect(decidedBy({ rule_sets: [rules([], stop)], enforcement_boundaries: boundaries })).toBe(
      `deny_rules/${stop.id}`,
    );
    expect(decidedBy({ enforcement_boundaries: boundaries })).toBe(
      `enforcement_boundaries/${boundaries[0]!.id}`,
    );
    expect(decidedBy({})).toBeUndefined();
  });

  it.each<[EnforcementMode, [none: string, deny: string, override: string, allow: string]]>([
    ['idle', ['unknown', 'unknown', 'unknown', 'unknown']],
    ['visibility_only', ['potentially_blocked', 'potentially_blocked', 'potentially_blocked', 'allowed']],
    ['selective', ['potentially_blocked', 'blocked', 'blocked', 'allowed']],
    ['full', ['blocked', 'blocked', 'blocked', 'allowed']],
  ])('and in %s nothing, deny, override deny and allow mean %s, at both ends', (mode, expected) => {
    const modes = { web: mode, db: mode, teller: mode };
    const policies = [[], [rules([], stop)], [rules([], override, open)], [rules([], stop, open)]];
    for (const end of ['source', 'destination'] as const)
      expect(policies.map((rule_sets) => verdictOf({ modes, rule_sets }, end, WEB_TO_DB))).toEqual(expected);
  });

  it('is asked at both ends, each in its own mode', () => {
    const modes = { db: 'visibility_only' } as const;
    expect(verdictOf({ modes }, 'source', WEB_TO_DB)).toBe('blocked');
    // Of one label set: what is said of node-1 is not said of node-2.
    expect(verdictOf({ modes: { 'node-1': 'idle' } }, 'destination', ['web', 'node-1'])).toBe('unknown');
    expect(verdictOf({ modes: { 'node-1': 'idle' } }, 'destination', ['web', 'node-2'])).toBe('blocked');
  });

  it('lets a boundary in full only name the cause', () => {
    const policy = { enforcement_boundaries: [boundary('ams', 'ams')] };
    expect(judged(policy, 'source', WEB_TO_DB)).toMatchObject({
      verdict: 'blocked',
      rule: expect.stringContaining('boundaries') as string,
    });
    const allowed = { ...policy, rule_sets: [rules([], open)] };
    expect(verdictOf(allowed, 'source', WEB_TO_DB)).toBe('allowed');
  });

  it('reaches with a boundary an address of nobody, from managed workloads', () => {
    const policy = {
      modes: { web: 'selective' as const },
      ip_lists: [ipList('1', STRANGER)],
      enforcement_boundaries: [boundary('role:web', 'list:1')],
    };
    expect(verdictOf(policy, 'source', ['web', STRANGER])).toBe('blocked');
  });
});

describe('a service', () => {
  const on = (...ports: PortRange[]) => ({ rule_sets: [rules([], allow('role:web', 'role:db', { ports }))] });
  it.each<[string, PortRange, OnWire, boolean]>([
    ['of protocol −1 is everything', { proto: -1 }, { proto: 132, port: 7 }, true],
    ['of protocol −1 is ICMP, too', { proto: -1 }, { proto: 1, port: 8 * 256 }, true],
    ['without a port is all of its protocol', { proto: 17 }, { proto: 17, port: 65_535 }, true],
    ['is nothing of another protocol', { proto: 17 }, { proto: 6, port: 80 }, false],
    ['of a range is its first port', { proto: 6, from: 79, to: 81 }, { proto: 6, port: 79 }, true],
    ['of a range is its last port', { proto: 6, from: 79, to: 81 }, { proto: 6, port: 81 }, true],
    ['of a range ends there', { proto: 6, from: 79, to: 81 }, { proto: 6, port: 82 }, false],
    ['may be port 0', { proto: 6, from: 0 }, { proto: 6, port: 0 }, true],
    ['of ICMP without a type is all of it', { proto: 1 }, { proto: 1, port: 3 * 256 + 4 }, true],
    [
      'of an ICMP type is each of its codes',
      { proto: 1, icmpType: 3 },
      { proto: 1, port: 3 * 256 + 4 },
      true,
    ],
    [
      'of a code is no other code',
      { proto: 1, icmpType: 3, icmpCode: 3 },
      { proto: 1, port: 3 * 256 + 4 },
      false,
    ],
    ['of ICMP is not of ICMPv6', { proto: 1 }, { proto: 58, port: 128 * 256 }, false],
    ['with ports is no ICMP', { proto: 6 }, { proto: 1, port: 8 * 256 }, false],
  ])('%s', (_, ports, packet, passes) => {
    for (const end of ['source', 'destination'] as const)
      expect(verdictOf(on(ports), end, WEB_TO_DB, packet)).toBe(passes ? 'allowed' : 'blocked');
  });
});

describe('virtual services', () => {
  const virtual = (over: Partial<VirtualService> = {}): VirtualService => ({
    id: 'v',
    name: '',
    description: '',
    applyTo: 'host_only',
    labels: ['role:db', 'app:shop'].map(labelId),
    service: null,
    ports: [
      { proto: 6, from: 80 },
      { proto: 17, from: 53 },
    ],
    addresses: [],
    overrides: [],
    ...over,
  });
  const bound = (
    workload: string,
    portOverrides: { proto: number; from: number; newFrom: number; newTo: number | null }[] = [],
  ) => ({
    id: `b-${workload}`,
    virtualService: 'v',
    workload,
    portOverrides,
  });
  const ofServices = { resolveProvidersAs: ['virtual_services'], services: [] } satisfies Parameters<
    typeof allow
  >[2];
  const offering = (
    over: Partial<TownPolicy> = {},
    providers = 'role:db',
    scopes: string[] = [],
  ): TownPolicy => ({
    virtual_services: [virtual()],
    service_bindings: [bound('db')],
    rule_sets: [rules(scopes, allow('workload:web', providers, ofServices))],
    ...over,
  });
  const passes = (policy: TownPolicy, to: string, packet: OnWire): string =>
    (['source', 'destination'] as const)
      .map((end) => ((verdictOf(policy, end, ['web', to], packet) ?? 'nobody') === 'blocked' ? 'no' : 'yes'))
      .join(' ');
  const [http, dns] = [
    { proto: 6, port: 80 },
    { proto: 17, port: 53 },
  ];

  it('mean exactly their pairs of port and protocol', () => {
    expect(passes(offering(), 'db', http)).toBe('yes yes');
    expect(passes(offering(), 'db', dns)).toBe('yes yes');
    expect(passes(offering(), 'db', { proto: 6, port: 53 })).toBe('no no');
    expect(passes(offering(), 'db', { proto: 17, port: 80 })).toBe('no no');
  });

  it('are meant by labels where labels mean virtual services only, and workloads of these labels are not', () => {
    const unbound = offering({ service_bindings: [bound('trial')] });
    expect(passes(unbound, 'db', http)).toBe('no no');
    expect(passes(unbound, 'trial', http)).toBe('yes yes');
  });

  it('are beside the workloads where labels mean both, each on its own ports', () => {
    const both = allow('workload:web', 'role:db', {
      resolveProvidersAs: ['workloads', 'virtual_services'],
      ports: [{ proto: 6, from: 22 }],
    });
    const policy = offering({ service_bindings: [bound('trial')], rule_sets: [rules([], both)] });
    expect(passes(policy, 'db', { proto: 6, port: 22 })).toBe('yes yes');
    expect(passes(policy, 'db', http)).toBe('no no');
    expect(passes(policy, 'trial', http)).toBe('yes yes');
    expect(passes(policy, 'trial', { proto: 6, port: 22 })).toBe('no no');
  });

  it('are narrowed by the scope by their own labels', () => {
    expect(passes(offering({}, 'role:db', ['app:shop']), 'db', http)).toBe('yes yes');
    expect(passes(offering({}, 'role:db', ['app:bank']), 'db', http)).toBe('no no');
    expect(passes(offering({}, 'service:v', ['app:bank']), 'db', http)).toBe('no no');
  });

  it('answer where a binding says, and on no other port', () => {
    const moved = offering({
      service_bindings: [bound('db', [{ proto: 6, from: 80, newFrom: 8080, newTo: null }])],
    });
    expect(passes(moved, 'db', { proto: 6, port: 8080 })).toBe('yes yes');
    expect(passes(moved, 'db', http)).toBe('no no');
  });

  it('are reached at their overrides instead, and at their addresses', () => {
    const elsewhere = offering({
      virtual_services: [virtual({ overrides: [STRANGER], addresses: [{ ip: '198.51.100.7', port: 443 }] })],
    });
    expect(verdictOf(elsewhere, 'source', ['web', STRANGER], http)).toBe('allowed');
    expect(verdictOf(elsewhere, 'source', ['web', 'db'], http)).toBe('blocked');
    expect(verdictOf(elsewhere, 'destination', ['web', 'db'], http)).toBe('allowed');
    expect(verdictOf(elsewhere, 'source', ['web', 'host'], { proto: 6, port: 443 })).toBe('allowed');
    expect(verdictOf(elsewhere, 'source', ['web', 'host'], http)).toBe('blocked');
  });

  it('ask as the workloads behind them', () => {
    const asking = allow('role:db', 'workload:teller', { resolveConsumersAs: ['virtual_services'] });
    const policy = {
      virtual_services: [virtual()],
      service_bindings: [bound('trial')],
      rule_sets: [rules([], asking)],
    };
    expect(verdictOf(policy, 'destination', ['trial', 'teller'])).toBe('allowed');
    expect(verdictOf(policy, 'destination', ['db', 'teller'])).toBe('blocked');
  });

  it('are reached by deny rules through the workloads behind them', () => {
    const stop = rules([], deny('ams', 'workload:db', { override: true }));
    expect(passes(offering({ rule_sets: [...offering().rule_sets!, stop] }), 'db', http)).toBe('no no');
  });
});
