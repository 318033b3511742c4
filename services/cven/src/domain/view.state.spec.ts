/** The node's view: deltas in order or not at all, and groups that follow their members. */
import { OWN_HOST } from '@ringfence/firewall';
import { beforeEach, describe, expect, it } from 'vitest';
import { group } from '../testing/models.js';
import { groupOf, podEndpoint, podUnit, viewOf } from '../testing/views.js';
import { ViewState } from './view.state.js';

describe('the view of a node', () => {
  let view: ViewState;
  beforeEach(() => {
    view = new ViewState();
    view.apply(
      viewOf({
        revision: 5,
        groups: [groupOf(1, [1])],
        endpoints: [podEndpoint('a', 1, { addresses: ['10.0.0.1'] })],
        units: [podUnit(1, 'full')],
      }),
    );
  });
  const hosts = (n: number): string[] => [...(view.peersOf(group(n))?.hosts4 ?? [])];

  it('takes deltas that build on it, ignores old ones, and asks for a snapshot at a gap', () => {
    const delta = (base: number, revision: number) => view.apply(viewOf({ base, revision }));
    expect([delta(5, 6), delta(5, 6), delta(7, 8), delta(6, 9)]).toEqual([
      'applied',
      'old',
      'gap',
      'applied',
    ]);
    expect(view.revision).toBe(9);
  });

  it('takes no delta before the first snapshot', () => {
    expect(new ViewState().apply(viewOf({ base: 0, revision: 1 }))).toBe('gap');
  });

  it('is replaced by a snapshot, even by one with a lower number', () => {
    expect(view.apply(viewOf({ revision: 2 }))).toBe('applied');
    expect([view.revision, view.endpoint('a'), view.peersOf(group(1))]).toEqual([2, undefined, undefined]);
  });

  it('keeps the value of a group that did not change, and changes that of one that did', () => {
    view.apply(viewOf({ base: 5, revision: 6, groups: [groupOf(2, [2])] }));
    const [first, second] = [view.peersOf(group(1)), view.peersOf(group(2))];
    view.apply(
      viewOf({ base: 6, revision: 7, endpoints: [podEndpoint('b', 2, { addresses: ['10.0.0.2'] })] }),
    );
    expect(view.peersOf(group(1))).toBe(first);
    expect(view.peersOf(group(2))).not.toBe(second);
    expect(hosts(2)).toEqual(['10.0.0.2']);
    view.apply(viewOf({ base: 7, revision: 8, gone: ['b'] }));
    expect(hosts(2)).toEqual([]);
  });

  it('knows the addresses of its host, for probes and for groups that mean it', () => {
    view.apply(viewOf({ base: 5, revision: 6, groups: [groupOf(3, [1], { ownHost: true })] }));
    expect(hosts(3)).toEqual(['10.0.0.1']);
    expect(view.setHostAddresses(['172.18.0.2', 'fd00::2'])).toBe(true);
    expect(view.setHostAddresses(['fd00::2', '172.18.0.2'])).toBe(false);
    expect(hosts(3).sort()).toEqual(['10.0.0.1', '172.18.0.2']);
    expect([...(view.peersOf(OWN_HOST)?.hosts6 ?? [])]).toEqual(['fd00::2']);
  });

  it('keeps an address in a group while there is one reason left for it', () => {
    view.setHostAddresses(['10.0.0.1']);
    view.apply(viewOf({ base: 5, revision: 6, groups: [groupOf(3, [1], { ownHost: true })] }));
    expect(hosts(3)).toEqual(['10.0.0.1']);
    view.apply(viewOf({ base: 6, revision: 7, gone: ['a'] }));
    expect(hosts(3)).toEqual(['10.0.0.1']);
  });

  it('comes back from the disk as it was', () => {
    const stored = view.snapshot('node-1', 'now');
    const restored = new ViewState();
    if (stored !== undefined) restored.apply(stored);
    expect(restored.snapshot('node-1', 'now')).toEqual(stored);
    expect(restored.peersOf(group(1))).toEqual(view.peersOf(group(1)));
  });

  it('never breaks on an address that is none: whoever needs the group is told', () => {
    view.peersOf(group(1));
    view.apply(
      viewOf({ base: 5, revision: 6, endpoints: [podEndpoint('b', 1, { addresses: ['nonsense'] })] }),
    );
    expect(() => view.peersOf(group(1))).toThrowError(expect.objectContaining({ code: 'invalid_address' }));
    view.apply(viewOf({ base: 6, revision: 7, gone: ['b'] }));
    expect(hosts(1)).toEqual(['10.0.0.1']);
  });
});
