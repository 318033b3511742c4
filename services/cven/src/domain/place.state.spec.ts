/** Whatever happens in whatever order: a retired half belongs to a table, and being sure comes only from the kernel. */
import { changeBetween, rotation } from '@ringfence/firewall';
import type { FirewallModel } from '@ringfence/firewall';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allow, modelOf, unitOf } from '../testing/models.js';
import { nextStep, wholeTable } from './node.reconciler.js';
import { losesFlows, nextState, tableOf } from './place.state.js';
import type { PlaceEvent, PlaceState } from './place.state.js';

const full = modelOf(unitOf('full', { ingress: [allow([1], { proto: 6, from: 80 })] }), { 1: ['10.0.0.1'] });
const visible: FirewallModel = { ...full, mode: 'visibility_only' };
const idle: FirewallModel = { ...full, mode: 'idle' };
const wish = (model: FirewallModel) => ({ model, unit: unitOf('full', {}), isOwnPolicy: true });
const UNSEEN: PlaceState = { kind: 'unseen', belief: undefined };
const run = (events: readonly PlaceEvent[], from: PlaceState = UNSEEN): PlaceState =>
  events.reduce(nextState, from);
const loaded = (model: FirewallModel): PlaceEvent[] => [
  { kind: 'looked', found: 'nothing' },
  { kind: 'sent', change: wholeTable(model, undefined), policy: wish(model) },
  { kind: 'committed' },
];
const rotated = (model: FirewallModel): PlaceEvent[] => [
  { kind: 'sent', change: rotation(model), policy: wish(model) },
  { kind: 'committed' },
];

const foundAt = (half: 0 | 1) => ({
  kind: 'pod' as const,
  generation: 1,
  half,
  revision: 1,
  mode: 'full' as const,
  objects: { chains: [], sets: [], maps: [] },
});

const half = fc.constantFrom(0 as const, 1 as const);
const event: fc.Arbitrary<PlaceEvent> = fc.oneof(
  fc.constant<PlaceEvent>({ kind: 'looked', found: 'nothing' }),
  fc.record({
    kind: fc.constant('looked' as const),
    found: fc.option(
      fc.record({
        kind: fc.constant('pod' as const),
        generation: fc.constantFrom(1, 2),
        half,
        revision: fc.constant(1),
        mode: fc.constantFrom('full' as const, 'idle' as const),
        objects: fc.constantFrom(undefined, { chains: [], sets: [], maps: [] }),
      }),
      { nil: undefined },
    ),
    listing: fc.constantFrom('a', 'b'),
    recorded: fc.constantFrom(undefined, wish(full)),
    desired: fc.constant(wish(full)),
  }),
  fc
    .constantFrom(wholeTable(full, 1), wholeTable(idle, 1), rotation(full), rotation(rotation(full).model))
    .map((change): PlaceEvent => ({ kind: 'sent', change, policy: wish(full) })),
  fc.constant<PlaceEvent>({ kind: 'committed' }),
  fc.constant<PlaceEvent>({ kind: 'reworded', policy: wish(visible) }),
  half.map((each): PlaceEvent => ({ kind: 'read', half: each, overflow: 0 })),
  half.map((each): PlaceEvent => ({ kind: 'unreadable', half: each })),
  fc.constantFrom('a', 'b').map((listing): PlaceEvent => ({ kind: 'learned', listing })),
  fc
    .boolean()
    .map((isRefused): PlaceEvent => ({ kind: 'failed', failure: { token: 't', message: 'm' }, isRefused })),
  fc.constant<PlaceEvent>({ kind: 'doubted' }),
  fc.constant<PlaceEvent>({ kind: 'let-go' }),
);

describe('the state of a place', () => {
  it('has an answer to everything, is never sure without having asked the kernel, and never reads over a half it writes', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 40 }), (events) => {
        let state: PlaceState = UNSEEN;
        for (const each of events) {
          const before = state;
          state = nextState(before, each);
          const table = tableOf(state);
          if (table?.retired !== undefined) expect(table.retired.half).not.toBe(table.model.half);
          if (before.kind !== 'in-force' && state.kind === 'in-force')
            expect(['looked', 'committed']).toContain(each.kind);
          if (each.kind === 'looked' && each.found === 'nothing') expect(table).toBeUndefined();
          if (each.kind === 'let-go') expect(state).toEqual({ kind: 'removed' });
          expect(nextStep(state, full)).toBeDefined();
        }
      }),
    );
  });

  it('forgets a retired half with its table, and says that its flows are lost', () => {
    const retired = run([...loaded(full), ...rotated(full)]);
    expect(tableOf(retired)?.retired?.half).toBe(0);
    const removal = changeBetween(rotation(full).model, idle);
    if (removal === 'nothing') throw new Error('expected a change');
    const sent = nextState(retired, { kind: 'sent', change: removal, policy: wish(idle) });
    const gone = nextState(sent, { kind: 'committed' });
    expect(gone).toEqual({ kind: 'no-table', generation: 1 });
    expect(losesFlows(sent, { kind: 'committed' }, gone)).toBe(true);
  });

  it('gives a half up that fails again and again', () => {
    const retired = run([...loaded(full), ...rotated(full)]);
    const once = nextState(retired, { kind: 'unreadable', half: 0 });
    expect(tableOf(once)?.retired?.failedReads).toBe(1);
    const twice = nextState(once, { kind: 'unreadable', half: 0 });
    const thrice = nextState(twice, { kind: 'unreadable', half: 0 });
    expect(tableOf(thrice)?.retired).toBeUndefined();
    expect(losesFlows(twice, { kind: 'unreadable', half: 0 }, thrice)).toBe(true);
  });

  it('finds out after a doubt whether a rotation took place, and still has its half to read', () => {
    const learned = run([...loaded(full), { kind: 'learned', listing: 'a' }]);
    const doubted = run(
      [{ kind: 'sent', change: rotation(full), policy: wish(full) }, { kind: 'doubted' }],
      learned,
    );
    const found = (at: 0 | 1): PlaceState =>
      nextState(doubted, {
        kind: 'looked',
        found: foundAt(at),
        listing: 'a',
        recorded: undefined,
        desired: wish(full),
      });
    expect(found(0)).toEqual(learned);
    expect(tableOf(found(1))).toMatchObject({ model: { half: 1 }, retired: { half: 0 } });
  });

  it('does not read twice what was read while it was in doubt', () => {
    const retired = run([...loaded(full), { kind: 'learned', listing: 'a' }, ...rotated(full)]);
    const doubted = run([{ kind: 'doubted' }, { kind: 'read', half: 0, overflow: 4 }], retired);
    const look = { kind: 'looked', found: foundAt(1), listing: 'a', recorded: undefined } as const;
    const again = nextState(doubted, { ...look, desired: wish(full) });
    expect(tableOf(again)).toMatchObject({ overflow: 4, retired: undefined });
  });
});
