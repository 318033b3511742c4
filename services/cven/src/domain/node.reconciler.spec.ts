/** Plan, apply, plan again: nothing left to do. */
import type { FirewallModel } from '@ringfence/firewall';
import { describe, expect, it } from 'vitest';
import { allow, modelOf, unitOf } from '../testing/models.js';
import { plan } from './node.reconciler.js';
import type { Action, ObservedTable } from './node.reconciler.js';

const open = modelOf(unitOf('full', { ingress: [allow([1], { proto: 6, from: 80 })] }), { 1: ['10.0.0.1'] });
const closed = modelOf(unitOf('full', {}), {});
const idle: FirewallModel = { ...closed, mode: 'idle' };
const world = (entries: Record<string, ObservedTable>) => new Map(Object.entries(entries));
const wish = (entries: Record<string, FirewallModel>) => new Map(Object.entries(entries));
const applied = (actions: readonly Action[]) =>
  new Map(
    actions.flatMap((action): [string, ObservedTable][] =>
      action.kind === 'apply' ? [[action.place, { state: 'known', model: action.change.model }]] : [],
    ),
  );

describe('the plan for a node', () => {
  it('looks at a place before it does anything to it', () => {
    expect(plan(wish({ a: open }), world({}))).toEqual([{ kind: 'look', place: 'a' }]);
  });

  it('leads from any observed state to the desired one in one step', () => {
    const states: ObservedTable[] = [
      { state: 'absent' },
      { state: 'known', model: closed },
      { state: 'known', model: idle },
      { state: 'unknown', generation: 7 },
    ];
    for (const state of states) {
      for (const model of [open, closed, idle]) {
        const actions = plan(wish({ a: model }), world({ a: state }));
        const after = actions.length === 0 ? world({ a: state }) : applied(actions);
        expect(plan(wish({ a: model }), after)).toEqual([]);
      }
    }
  });

  it('patches what it knows and replaces what it does not, never under the generation that was found', () => {
    const [patch] = plan(wish({ a: open }), world({ a: { state: 'known', model: closed } }));
    expect(patch).toMatchObject({ kind: 'apply', change: { bump: true } });
    expect(patch?.kind === 'apply' && patch.change.script).not.toContain('delete table');
    const [replaced] = plan(wish({ a: open }), world({ a: { state: 'unknown', generation: 1 } }));
    expect(replaced).toMatchObject({ kind: 'apply', change: { model: { generation: 2 } } });
    expect(replaced?.kind === 'apply' && replaced.change.script).toContain('delete table');
  });

  it('does nothing where nothing is to be and nothing is', () => {
    expect(plan(wish({ a: idle }), world({ a: { state: 'absent' } }))).toEqual([]);
    expect(plan(wish({ a: open }), world({ a: { state: 'known', model: open } }))).toEqual([]);
  });

  it('releases a place that is gone, before anything else', () => {
    const actions = plan(
      wish({ a: open }),
      world({ a: { state: 'absent' }, b: { state: 'known', model: open } }),
    );
    expect(actions.map(({ kind, place }) => [kind, place])).toEqual([
      ['release', 'b'],
      ['apply', 'a'],
    ]);
  });
});
