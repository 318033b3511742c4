/** Deltas: whatever the sequence of models, the kernel ends where loading the last one whole would have put it. */
import type { EnforcementMode, Unit, WireRule } from '@ringfence/contracts';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { peerSet } from '../model/addresses.js';
import { changeBetween, rotation } from '../model/change.js';
import { renderChange } from './change.renderer.js';
import { hasTable } from '../model/firewall.model.js';
import type { FirewallModel } from '../model/firewall.model.js';
import { buildModel } from '../model/policy-model.js';
import { renderTable } from './table.renderer.js';
import { NO_TABLE, runScript } from '../testing/nft-script.js';

const groups = ['g-00000000000000000001', 'g-00000000000000000002', 'g-00000000000000000003', 'own-host'];
const allow = (peers: string[], port: number, extra: Partial<WireRule> = {}): WireRule => ({
  ref: `/rules/${port}`,
  class: 'allow',
  ports: [{ proto: 6, from: port, to: port }],
  peers,
  ...extra,
});
const unit = (mode: EnforcementMode, ingress: WireRule[], egress: WireRule[] = []): Unit => ({
  labelSet: { id: 'ls-00000000000000000001', cluster: 'c', namespace: 'n', class: 'pod', labels: [] },
  mode,
  ingress,
  egress,
});
const model = (of: Unit, hosts: Record<string, string[]> = {}, kind: 'pod' | 'host' = 'pod'): FirewallModel =>
  buildModel(
    of,
    (group) =>
      peerSet(
        (hosts[group] ?? []).filter((each) => !each.includes('/')),
        (hosts[group] ?? []).filter((each) => each.includes('/')),
      ),
    {
      kind,
      revision: 1,
      ...(kind === 'host' && { judging: groups.slice(0, 1), podNetworks: groups[1] }),
    },
  );
const changed = (from: FirewallModel, to: FirewallModel) => {
  const change = changeBetween(from, to);
  if (change === 'nothing') throw new Error('expected a change');
  return { ...change, script: renderChange(change) };
};

describe('a change of policy', () => {
  const [a = '', b = ''] = groups;
  const open = model(unit('full', [allow([a], 80)]), { [a]: ['10.0.0.1', '10.0.0.2'] });

  it('that adds a peer adds one element and revokes nothing', () => {
    const change = changed(
      open,
      model(unit('full', [allow([a], 80)]), { [a]: ['10.0.0.1', '10.0.0.2', '10.0.0.3'] }),
    );
    expect(change.bump).toBe(false);
    expect(change.script).toMatch(/add element inet ringfence c_in_4 { 10\.0\.0\.3 : [0-9a-f:]+ }\n/);
    expect(change.script).not.toContain('p_in');
  });

  it('that removes a peer raises the generation in the same transaction', () => {
    const change = changed(open, model(unit('full', [allow([a], 80)]), { [a]: ['10.0.0.1'] }));
    expect(change.bump).toBe(true);
    expect(change.model.generation).toBe(2);
    expect(change.script).toContain('delete element inet ringfence c_in_4 { 10.0.0.2 }\n');
    expect(change.script).toContain(
      'add rule inet ringfence m_fast ct mark and 0xffff0000 == 0x00020000 goto m_there_1',
    );
  });

  it('that adds a peer to a deny rule revokes', () => {
    const deny = (hosts: string[]) =>
      model(unit('selective', [allow([a], 80, { class: 'deny' })]), { [a]: hosts });
    expect(changed(deny([]), deny(['10.0.0.9'])).bump).toBe(true);
    expect(changed(deny(['10.0.0.9']), deny([])).bump).toBe(false);
  });

  it('that changes CIDRs replaces the whole interval set', () => {
    const cidrs = (list: string[]) => model(unit('full', [allow([b], 80)]), { [b]: list });
    const { script } = changed(cidrs(['10.1.0.0/16', '10.2.0.0/16']), cidrs(['10.1.0.0/16', '10.3.0.0/16']));
    expect(script).toMatch(
      /flush map inet ringfence n_in_4\nadd element inet ringfence n_in_4 { 10.1.0.0-10.1.255.255 : \S+, 10.3.0.0-10.3.255.255 : \S+ }\n/,
    );
    expect(script).not.toContain('delete element');
  });

  it('touches only the chain of the service that changed', () => {
    const before = model(unit('full', [allow([a], 80), allow([a], 81)]));
    const { script } = changed(before, model(unit('full', [allow([a], 80), allow([a, b], 81)])));
    expect(script).toContain('s_in_6_81');
    expect(script).not.toContain('hook_');
    expect(script).not.toContain('delete chain');
  });

  it('of mode rewrites the tails and the invalid line and revokes, and leaves the base chains', () => {
    const change = changed(open, { ...open, mode: 'visibility_only' });
    expect(change.bump).toBe(true);
    for (const chain of ['v_deny', 'v_unmatched', 'v_invalid'])
      expect(change.script).toContain(`flush chain inet ringfence ${chain}`);
    expect(change.script).not.toContain('hook_');
  });

  it('that isolates a direction ends what that direction lets through no more, revokes, and leaves the other as it is', () => {
    const isolated = { ingress: true, egress: false };
    const of = (one: Unit): FirewallModel => model(one, { [a]: ['10.0.0.1'] });
    const visible = unit('visibility_only', [allow([a], 80)], [allow([a], 81)]);
    const change = changed(of(visible), of({ ...visible, isolated }));
    expect(change.bump).toBe(true);
    expect(change.script).toContain('add rule inet ringfence p_in goto i_unmatched');
    expect(change.script).toContain('add rule inet ringfence i_unmatched goto v_block');
    expect(change.script).not.toContain('hook_');
    expect(change.script).not.toContain('p_out');
    expect(changed(of({ ...visible, isolated }), of(visible)).script).toContain(
      'delete chain inet ringfence i_unmatched',
    );
  });

  it('rotates the flow sets in the same transaction, so that one interval has one policy', () => {
    const change = changed(open, model(unit('full', [])));
    expect(change.model.half).toBe(1);
    expect(change.script).toContain('flush set inet ringfence na4_1');
    expect(change.script).toContain('add rule inet ringfence w_na goto w_na_1');
  });

  it('to idle removes the table, and back loads it whole', () => {
    expect(changed(open, { ...open, mode: 'idle' }).script).toBe(
      'table inet ringfence\ndelete table inet ringfence\n',
    );
    expect(changeBetween(undefined, { ...open, mode: 'idle' })).toBe('nothing');
    expect(changed({ ...open, mode: 'idle' }, open).script).toContain('chain hook_in');
  });

  it('of nothing but the revision is no change', () => {
    expect(changeBetween(open, { ...open, revision: 99 })).toBe('nothing');
  });

  it('wraps the generation past 65535 to 1, never 0, and asks for the old marks to be cleared', () => {
    const change = changed({ ...open, generation: 65_535 }, { ...open, mode: 'selective' });
    expect([change.model.generation, change.clearMarks]).toEqual([1, true]);
  });
});

const peer = fc.constantFrom(
  '10.0.0.1',
  '10.0.0.2',
  'fd00::1',
  'fd00::2',
  '10.1.0.0/16',
  '10.2.0.0/15',
  'fd01::/32',
);
const rule = fc.record({
  ref: fc.constant('r'),
  class: fc.constantFrom('essential', 'override_deny', 'allow', 'deny') as fc.Arbitrary<WireRule['class']>,
  ports: fc.array(
    fc.oneof(
      fc.record({
        proto: fc.constantFrom(6, 17, 132),
        from: fc.integer({ min: 0, max: 20 }),
        to: fc.integer({ min: 20, max: 40 }),
      }),
      fc.record({
        proto: fc.constantFrom(1, 58),
        icmpType: fc.constantFrom(8, 128),
        icmpCode: fc.constantFrom(0, 3),
      }),
      fc.record({ proto: fc.constantFrom(-1, 6, 1, 47) }),
    ),
    { minLength: 1, maxLength: 3 },
  ),
  peers: fc.array(fc.constantFrom(...groups), { maxLength: 2 }),
});
const anyModel = fc
  .record({
    mode: fc.constantFrom('idle', 'visibility_only', 'selective', 'full') as fc.Arbitrary<EnforcementMode>,
    ingress: fc.array(rule, { maxLength: 5 }),
    egress: fc.array(rule, { maxLength: 5 }),
    hosts: fc.array(fc.array(peer, { maxLength: 4 }), { minLength: 4, maxLength: 4 }),
    kind: fc.constantFrom('pod', 'pod', 'pod', 'host') as fc.Arbitrary<'pod' | 'host'>,
    guarded: fc.boolean(),
    isolated: fc.option(fc.record({ ingress: fc.boolean(), egress: fc.boolean() }), { nil: undefined }),
  })
  .map(({ mode, ingress, egress, hosts, kind, guarded, isolated }): FirewallModel => {
    const byGroup = Object.fromEntries(groups.map((group, i) => [group, hosts[i] ?? []]));
    const made = model({ ...unit(mode, ingress, egress), isolated }, byGroup, kind);
    if (!guarded || kind !== 'host') return made;
    const guard = {
      targets: [
        { address: '10.0.0.1', proto: 6, port: 80, mode: 'full' as const, rules: made.ingress.anyProtocol },
      ],
      hairpins: ['10.0.0.1', 'fd00::1'],
      podNetworks: ['10.0.0.0/24'],
    };
    return { ...made, guard };
  });

/** What is said to be in the kernel already, were it loaded whole. */
function loadedAs(current: FirewallModel | undefined, desired: FirewallModel): typeof NO_TABLE {
  if (current === undefined || !hasTable(desired)) return NO_TABLE;
  const { revision, generation, half } = current;
  return runScript(null, renderTable({ ...desired, revision, generation, half }));
}

describe('any sequence of changes', () => {
  it('leaves the kernel as the last model loaded whole', () => {
    fc.assert(
      fc.property(fc.array(anyModel, { minLength: 2, maxLength: 6 }), fc.boolean(), (models, rotate) => {
        let current: FirewallModel | undefined;
        let state = NO_TABLE;
        for (const desired of models) {
          const change = changeBetween(current, desired);
          if (change !== 'nothing') [current, state] = [change.model, runScript(state, renderChange(change))];
          if (rotate && current !== undefined && hasTable(current)) {
            const next = rotation(current);
            [current, state] = [next.model, runScript(state, renderChange(next))];
          }
          expect(state).toEqual(current === undefined ? null : runScript(null, renderTable(current)));
          if (current !== undefined) expect(changeBetween(current, desired)).toBe('nothing');
          if (change === 'nothing') expect(loadedAs(current, desired)).toEqual(state);
        }
      }),
      { numRuns: 60 },
    );
  });
});
