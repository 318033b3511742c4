import { describe, expect, it } from 'vitest';
import { alarmChanges, alarmsOf } from './enforcement-alarms.calculator.js';
import type { NotInForceRow } from './enforcement-alarms.calculator.js';

const row = (number: number, parts: Partial<NotInForceRow> = {}): NotInForceRow => ({
  ...{ cluster: 'c1', node: 'node-1', id: `pod-${String(number)}`, workload: 'web', namespace: 'shop' },
  ...{ name: `web-${String(number)}`, asked: 'full', inForce: null, token: 'not_in_kernel', message: 'why' },
  since: new Date(Date.UTC(2026, 0, 1, 12, 0, number % 60)),
  ...parts,
});
const thousand = Array.from({ length: 1_000 }, (_, number) => row(number));

describe('alarms', () => {
  it('are one per workload, with a few of its Pods by name, however many there are', () => {
    const [alarm, ...more] = alarmsOf(thousand);
    expect(more).toEqual([]);
    expect(alarm).toMatchObject({
      scope: 'workload',
      id: 'web',
      count: 1_000,
      since: '2026-01-01T12:00:00.000Z',
    });
    expect(alarm?.places).toHaveLength(20);
    expect(alarm?.places[0]).toBe('shop/web-0 on node-1');
  });

  it('are one per node where it is the node as a whole, whatever lives on it', () => {
    const silent = thousand.map((each, i) => ({ ...each, token: 'node_silent', workload: `w${String(i)}` }));
    expect(alarmsOf(silent)).toMatchObject([{ scope: 'node', id: 'node-1', count: 1_000 }]);
  });

  it('begin once and end once', () => {
    const open = alarmsOf([row(1)]);
    expect(alarmChanges([], open)).toMatchObject({ lost: [{ id: 'web' }], restored: [] });
    expect(alarmChanges(open, alarmsOf([row(1), row(2)]))).toEqual({ lost: [], restored: [] });
    expect(alarmChanges(open, [])).toMatchObject({ lost: [], restored: [{ id: 'web' }] });
  });
});
