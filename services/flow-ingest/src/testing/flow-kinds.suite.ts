/** The part of the suite of flow stores about flows added up by kinds of ends that the asker makes. */
import { describe, expect, it } from 'vitest';
import { flowFilter } from '../domain/flow-filter.js';
import type {
  CountedKinds,
  FlowStore,
  KindsOfEnds,
  SearchBounds,
  SeenEnd,
} from '../store/port/flow-store.js';
import { API, consumerReport, providerReport, WEB, webEnd } from './flow-batch.builder.js';
import { aQuery } from './flow-examples.js';

const patient = (): SearchBounds => ({ signal: new AbortController().signal, withinMs: 60_000 });
const filterOf = (query: object) =>
  flowFilter(aQuery(query), { labelKey: () => undefined, groupLabels: () => [], ipRanges: () => [] });

/** `store` holds `flowsOfManyKinds`. */
export function flowKindPromises(store: () => FlowStore, today: string): void {
  const seen = (most = 100): Promise<SeenEnd[]> => store().ends(today, most, patient());
  const of = (name: string, ends: readonly SeenEnd[]): number[] =>
    ends.flatMap(({ number, name: each }) => (each === name ? [number] : []));
  const alike = (ends: readonly SeenEnd[]): KindsOfEnds['kinds'] =>
    ends.map(({ number, name, is }) => ({ number, kind: name === API ? 1 : is === 'workload' ? 2 : 3 }));
  const counted = (given: Partial<KindsOfEnds>, query: object = {}): Promise<CountedKinds> =>
    store().kinds(filterOf(query), { kinds: [], concerned: [], most: 100, ...given }, patient());

  describe('whose flows are stored', () => {
    it('is told by workload, or by address of what is none, the newest first and no more than asked for', async () => {
      const ends = await seen();
      expect(ends.map(({ name, is }) => `${is} ${name}`).sort()).toEqual([
        ...['address 192.168.1.1', 'address 192.168.9.9', 'address 2001:db8::5', 'address 224.0.0.1'],
        ...[`workload ${WEB}`, `workload ${API}`, 'workload aaaaaaaa-0000-4000-8000-000000000003'],
      ]);
      expect(await seen(2)).toHaveLength(2);
      expect(await store().ends('2026-11-21', 100, patient())).toEqual([]);
    });

    it('is told once for each mode that a workload had', async () => {
      const full = [{ ...webEnd, mode: 'full' as const }];
      await store().write([consumerReport({ id: 'm1', ends: [...full, webEnd, webEnd] })], today);
      expect(of(WEB, await seen())).toHaveLength(2);
    });
  });

  describe('flows of kinds', () => {
    it('are counted by both ends, port and what was seen, with the ends of one of them', async () => {
      const ends = await seen();
      const { kinds, flows } = await counted({ kinds: alike(ends), concerned: of(API, ends) });
      expect(flows).toBe(5);
      expect(kinds[0]).toEqual({
        ends: { src: of(WEB, ends)[0], dst: of(API, ends)[0] },
        ...{ proto: 6, port: 8080, verdict: 'allowed', essential: false, flows: 1, connections: 3 },
        lastAt: '2026-11-20T10:00:05.000Z',
      });
      expect(kinds.map(({ port, verdict, essential }) => [port, verdict, essential]).sort()).toEqual([
        [1001, 'potentially_blocked', false],
        [1002, 'blocked', false],
        [1003, 'blocked', false],
        [1004, 'allowed', true],
        [8080, 'allowed', false],
      ]);
    });

    it('are one kind where the ends are alike, with what both connected', async () => {
      const port = { targetPort: 9100, port: 9100 };
      const other = { ...webEnd, workload: 'aaaaaaaa-0000-4000-8000-000000000009' };
      const busy = providerReport({ id: 'n2', node: 'node-2' }, { ...port, connections: 9 });
      const calm = providerReport({ id: 'n3' }, { ...port, connections: 2 });
      await store().write([{ ...busy, ends: [other, busy.ends[1]!] }, calm], today);
      const ends = await seen();
      const { kinds } = await counted(
        { kinds: alike(ends), concerned: of(API, ends) },
        { services: { include: [{ port: 9100 }], exclude: [] } },
      );
      expect(kinds).toMatchObject([{ ends: { dst: of(API, ends)[0] }, flows: 2, connections: 11 }]);
    });

    it('have no ends where one of them is of no kind, and are counted when there is no room for them', async () => {
      const ends = await seen();
      const api = of(API, ends);
      const known = alike(ends).filter(({ number }) => !of(WEB, ends).includes(number));
      const { kinds, flows } = await counted({ kinds: known, concerned: api, most: 1 });
      expect(kinds).toMatchObject([{ ends: null, port: 8080, connections: 3 }]);
      expect(flows).toBe(5);
    });

    it('are none where nobody is concerned; all that match are counted all the same', async () => {
      expect(await counted({})).toEqual({ kinds: [], flows: 0 });
      expect(await store().count(filterOf({}), patient())).toBe(6);
      expect(await store().count(filterOf({ start_date: '2026-11-20T10:30:00Z' }), patient())).toBe(5);
    });
  });
}
