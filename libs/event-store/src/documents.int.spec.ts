/** Document rows, whatever number of events comes at once, against a fold of them one by one. */
import type { LabelState } from '@ringfence/contracts';
import { startPostgres } from '@ringfence/testing';
import type { PostgresServer } from '@ringfence/testing';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ensureDatabase } from './database.js';
import { documents } from './documents.projection.js';
import type { Document } from './documents.projection.js';
import type { EventStore, StoredEvent } from './event-store.js';
import { openEventStore } from './open.js';

const labels = documents<LabelState>({
  name: 'labels',
  indexed: ['value'],
  written: ['LabelCreated', 'LabelChanged'],
  deleted: 'LabelDeleted',
});
const TYPES = ['LabelCreated', 'LabelChanged', 'LabelDeleted', 'WorkloadCreated'] as const;

let postgres: PostgresServer;
let store: EventStore;
beforeAll(async () => {
  postgres = await startPostgres();
  store = await openEventStore({
    ...{ url: await ensureDatabase(postgres.url, 'notes'), service: 'notes' },
    ...{ projections: [labels.projection], entities: [labels.entity] },
  });
});
afterAll(async () => {
  await store.close();
  await postgres.stop();
});

const anyEvent = fc.tuple(fc.constantFrom(...TYPES), fc.constantFrom('1', '2', '3'));
const eventOf = ([type, id]: [string, string], n: number): StoredEvent => ({
  ...{
    id: `event-${n}`,
    type,
    v: 1,
    stream: `label-${id}`,
    version: n,
    position: n,
    cluster: 'global',
    trace: {},
  },
  ...{ at: new Date(n * 1_000).toISOString(), actor: { kind: 'user', id: `${n}` } },
  data: { id, key: 'role', value: `value ${n}` },
});

type Rows = Map<string, Document<LabelState>>;

function fold(rows: Rows, { type, data, actor, at, cluster }: StoredEvent): Rows {
  const body = data as LabelState;
  const [now, before] = [new Date(at), rows.get(body.id)];
  if (type === 'LabelDeleted')
    return before === undefined ? rows : rows.set(body.id, { ...before, deletedAt: now, deletedBy: actor });
  if (type === 'WorkloadCreated') return rows;
  const life = before?.deletedAt === null ? before : { createdAt: now };
  return rows.set(body.id, {
    ...{ id: body.id, cluster, body, createdAt: life.createdAt, createdBy: before?.createdBy ?? actor },
    ...{ updatedAt: now, updatedBy: actor, deletedAt: null, deletedBy: null },
  });
}

it('are the same, however many events come at once', async () => {
  const lots = fc.array(fc.array(anyEvent, { maxLength: 12 }), { maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(lots, async (chunks) => {
      await store.pool.query('delete from labels');
      const rows: Rows = new Map();
      let n = 0;
      for (const chunk of chunks) {
        const events = chunk.map((each) => eventOf(each, (n += 1)));
        await store.transaction((tx) => labels.projection.apply(tx, events));
        events.reduce(fold, rows);
      }
      const byId = new Map((await labels.all(store.entities)).map((row) => [row.id, { ...row }]));
      expect(byId).toEqual(rows);
      const looked = [...rows.values()].slice(1).map(({ body }) => body.value);
      const found = await labels.having(store.entities, 'value', [...looked, 'of nobody']);
      const live = [...rows.values()].filter(
        ({ deletedAt, body }) => deletedAt === null && looked.includes(body.value),
      );
      expect(new Set(found.map(({ id }) => id))).toEqual(new Set(live.map(({ id }) => id)));
    }),
    { numRuns: 25 },
  );
});

it('are found by an indexed text through the index', async () => {
  const tx = await store.pool.connect();
  try {
    await tx.query('set enable_seqscan = off');
    const { rows } = await tx.query<{ 'QUERY PLAN': string }>(
      `explain select * from labels where body ->> 'value' = any($1) and deleted_at is null`,
      [['a', 'b']],
    );
    expect(rows.map((row) => row['QUERY PLAN']).join(' ')).toContain('labels_value');
  } finally {
    tx.release(true);
  }
});
