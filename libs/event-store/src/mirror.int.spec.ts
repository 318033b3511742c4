import { randomUUID } from 'node:crypto';
import { MIRRORED } from '@ringfence/contracts';
import type { Envelope } from '@ringfence/contracts';
import { releasedEvents, startPostgres } from '@ringfence/testing';
import type { PostgresServer } from '@ringfence/testing';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ensureDatabase } from './database.js';
import type { EventStore } from './event-store.js';
import { mirror } from './mirror.js';
import { openEventStore } from './open.js';

let postgres: PostgresServer;
let store: EventStore;
beforeAll(async () => {
  postgres = await startPostgres();
  const url = await ensureDatabase(postgres.url, 'mirrors');
  store = await openEventStore({ url, service: 'mirrors', projections: [] });
});
afterAll(async () => {
  await store.close();
  await postgres.close();
});

const copy = mirror({ kinds: ['label', 'namespace'] });
const take = (events: readonly Envelope[]) => store.transaction((tx) => copy.take(tx, events));
const forgetAll = () => store.pool.query('delete from mirrored');

function said(position: number, id: string, value: string | null): Envelope {
  const label = { id, key: 'app', value, externalDataSet: null, externalDataReference: null };
  return {
    ...{
      id: randomUUID(),
      type: value === null ? 'LabelDeleted' : 'LabelChanged',
      v: value === null ? 2 : 1,
    },
    ...{ stream: `label-${id}`, version: 1, position, at: '2026-11-21T09:00:00Z', cluster: 'global' },
    actor: { kind: 'system', id: 'spec' },
    data: value === null ? { id, key: 'app', value: 'gone' } : label,
  };
}
const values = async (): Promise<Record<string, string>> =>
  Object.fromEntries([...(await copy.all(store.entities, 'label'))].map(([id, { value }]) => [id, value]));

describe('a mirror', () => {
  it('comes to the same rows in any order, with repeats and late ones, however they are cut into batches', async () => {
    const words = fc.array(
      fc.record({ id: fc.constantFrom('1', '2', '3'), value: fc.option(fc.constantFrom('a', 'b', 'c')) }),
      { minLength: 1, maxLength: 12 },
    );
    await fc.assert(
      fc.asyncProperty(words, fc.infiniteStream(fc.nat()), async (told, chance) => {
        const next = (below: number): number => (chance.next().value as number) % below;
        const history = told.map(({ id, value }, index) => said(index + 1, id, value));
        const plain = new Map<string, string>();
        for (const { id, value } of told) {
          if (value === null) plain.delete(id);
          else plain.set(id, value);
        }
        const late = [...history, ...history.filter(() => next(3) === 0)];
        for (let i = late.length - 1; i > 0; i -= 1) {
          const j = next(i + 1);
          [late[i], late[j]] = [late[j]!, late[i]!];
        }
        await forgetAll();
        while (late.length > 0) await take(late.splice(0, 1 + next(4)));
        expect(await values()).toEqual(Object.fromEntries(plain));
      }),
      { numRuns: 60 },
    );
  });

  it('says what was news, once, and the last word on each thing', async () => {
    await forgetAll();
    const [first, second, other] = [said(1, '1', 'a'), said(2, '1', 'b'), said(3, '2', 'c')];
    expect(await take([second, first, other])).toMatchObject([
      { kind: 'label', id: '1', position: 2, state: { value: 'b' } },
      { kind: 'label', id: '2', position: 3, state: { value: 'c' } },
    ]);
    expect(await take([first, second, other])).toEqual([]);
    expect(await take([said(4, '2', null)])).toMatchObject([{ id: '2', state: null }]);
  });

  it('knows what is gone from what it never heard of', async () => {
    await forgetAll();
    await take([said(1, '1', 'a'), said(2, '2', null)]);
    expect((await copy.get(store.entities, 'label', '1'))?.value).toBe('a');
    expect(await copy.get(store.entities, 'label', '2')).toBe(null);
    expect(await copy.get(store.entities, 'label', '3')).toBe(undefined);
    expect([...(await copy.some(store.entities, 'label', ['1', '2', '3'])).keys()]).toEqual(['1']);
    expect(await copy.rows(store.entities)).toHaveLength(2);
  });

  it('takes nothing of a batch that holds what its contract does not say', async () => {
    await forgetAll();
    const bad = { ...said(2, '2', 'b'), data: { id: '2' } };
    await expect(take([said(1, '1', 'a'), bad])).rejects.toThrow();
    expect(await values()).toEqual({});
  });

  it('reads every version that was ever released of what can be mirrored, and passes over the rest', async () => {
    const kinds = Object.keys(MIRRORED) as (keyof typeof MIRRORED)[];
    const all = mirror({ kinds });
    for (const { payload } of releasedEvents(['evt.*.*.*'])) {
      await forgetAll();
      const tells = kinds.some((kind) =>
        [...MIRRORED[kind].written, MIRRORED[kind].deleted].includes(payload.type as never),
      );
      const news = await store.transaction((tx) => all.take(tx, [payload]));
      expect(news.length, payload.type).toBe(tells ? 1 : 0);
    }
  });
});
