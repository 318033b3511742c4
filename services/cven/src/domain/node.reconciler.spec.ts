/** One step leads from any state to the desired one; then nothing is left to do. */
import type { FirewallModel } from '@ringfence/firewall';
import { describe, expect, it } from 'vitest';
import { allow, modelOf, unitOf } from '../testing/models.js';
import { nextStep } from './node.reconciler.js';
import { nextState } from './place.state.js';
import type { PlaceState } from './place.state.js';

const open = modelOf(unitOf('full', { ingress: [allow([1], { proto: 6, from: 80 })] }), { 1: ['10.0.0.1'] });
const closed = modelOf(unitOf('full', {}), {});
const idle: FirewallModel = { ...closed, mode: 'idle' };
const wish = (model: FirewallModel) => ({ model, unit: unitOf('full', {}), isOwnPolicy: true });
const inForce = (model: FirewallModel): PlaceState => ({
  kind: 'in-force',
  model,
  policy: wish(model),
  listing: undefined,
  overflow: 0,
  retired: undefined,
});

describe('the next step in a namespace', () => {
  it('is to look, wherever nobody is sure what is there', () => {
    const unsure: PlaceState[] = [
      { kind: 'unseen', belief: undefined },
      { kind: 'error', failure: { token: 't', message: 'm' }, belief: undefined },
      { kind: 'removed' },
    ];
    for (const state of unsure) expect(nextStep(state, open)).toEqual({ kind: 'look' });
  });

  it('leads from any known state to the desired one, after which there is none', () => {
    const states: PlaceState[] = [
      { kind: 'no-table', generation: undefined },
      inForce(closed),
      inForce(open),
      { kind: 'not-ours', generation: 7, flows: undefined },
    ];
    for (const state of states) {
      for (const model of [open, closed, idle]) {
        const step = nextStep(state, model);
        const sent =
          step.kind === 'load'
            ? nextState(state, { kind: 'sent', change: step.change, policy: wish(model) })
            : state;
        const after = step.kind === 'load' ? nextState(sent, { kind: 'committed' }) : state;
        expect(nextStep(after, model)).toEqual({ kind: 'done' });
      }
    }
  });

  it('patches what is known and replaces what is not, never under a generation that was there', () => {
    const patch = nextStep(inForce(closed), open);
    expect(patch).toMatchObject({ kind: 'load', change: { kind: 'delta', bump: true } });
    const replaced = nextStep({ kind: 'not-ours', generation: 1, flows: undefined }, open);
    expect(replaced).toMatchObject({ kind: 'load', change: { kind: 'whole', model: { generation: 2 } } });
    const anew = nextStep({ kind: 'no-table', generation: 65_535 }, open);
    expect(anew).toMatchObject({ change: { clearMarks: true, model: { generation: 1 } } });
  });

  it('is none where nothing is to be and nothing is', () => {
    expect(nextStep({ kind: 'no-table', generation: 3 }, idle)).toEqual({ kind: 'done' });
  });
});
