/** bench: rows written and read by SQL and by TypeORM: where SQL stays */
import { tmpdir } from 'node:os';
import { parseArgs } from 'node:util';
import { ensureDatabase, entitiesIn, openEventStore } from '@ringfence/event-store';
import type { EventStore, Migration, Sql } from '@ringfence/event-store';
import { EntitySchema, LessThan } from 'typeorm';
import { onPostgres } from './bench-postgres.js';
import { ms, print } from './measure.js';
import type { Figure } from './measure.js';

const HELP = `npm run bench -- rows [--rounds N]

  --rounds N   each is written so often, in turn (9)`;
const SIZES = [1, 10, 100, 1_000];
const TO_BULK = [...SIZES, 10_000];

interface Row {
  readonly kind: string;
  readonly id: string;
  readonly position: number;
  readonly body: object;
}

const RowEntity = new EntitySchema<Row>({
  name: 'Row',
  tableName: 'rows',
  columns: {
    kind: { type: 'text', primary: true },
    id: { type: 'text', primary: true },
    position: { type: 'int' },
    body: { type: 'jsonb' },
  },
});

class Rows1795219201000 implements Migration {
  async up(db: Sql): Promise<void> {
    await db.query(
      'create table rows (kind text, id text, position int not null, body jsonb not null, primary key (kind, id))',
    );
  }
  async down(db: Sql): Promise<void> {
    await db.query('drop table rows');
  }
}

const made = (size: number): Row[] =>
  Array.from({ length: size }, (_, n) => ({
    kind: 'entity',
    id: `${n}`,
    position: n,
    body: { id: `${n}`, labels: ['1', '2', '3'], name: `workload-${n}` },
  }));

async function bySql({ pool }: EventStore, rows: readonly Row[]): Promise<void> {
  await pool.query(
    `insert into rows select * from unnest($1::text[], $2::text[], $3::int[], $4::jsonb[])
     on conflict (kind, id) do update set position = excluded.position, body = excluded.body`,
    [
      rows.map(({ kind }) => kind),
      rows.map(({ id }) => id),
      rows.map(({ position }) => position),
      rows.map(({ body }) => JSON.stringify(body)),
    ],
  );
}

async function byEntity({ entities }: EventStore, rows: Row[]): Promise<void> {
  await entities.upsert(RowEntity, rows, ['kind', 'id']);
}

type Transaction = Parameters<Parameters<EventStore['transaction']>[0]>[0];
type Write = (tx: Transaction, row: Row) => Promise<unknown>;

const sqlOf: Write = (tx, { kind, id, position, body }) =>
  tx.query(
    `insert into rows values ($1, $2, $3, $4)
     on conflict (kind, id) do update set position = excluded.position, body = excluded.body`,
    [kind, id, position, JSON.stringify(body)],
  );
const entityOf: Write = (tx, row) => entitiesIn(tx).upsert(RowEntity, row, ['kind', 'id']);

const oneByOne = (store: EventStore, rows: readonly Row[], write: Write): Promise<void> =>
  store.transaction(async (tx) => {
    for (const row of rows) await write(tx, row);
  });

async function readBySql({ pool }: EventStore, { length }: readonly Row[]): Promise<void> {
  await pool.query('select kind, id, position, body from rows where position < $1', [length]);
}

async function readByEntity({ entities }: EventStore, { length }: readonly Row[]): Promise<void> {
  await entities.findBy(RowEntity, { position: LessThan(length) });
}

async function took(work: () => Promise<void>): Promise<number> {
  const from = performance.now();
  await work();
  return performance.now() - from;
}

const median = (all: number[]): number => all.sort((a, b) => a - b)[Math.floor(all.length / 2)] ?? 0;

/** Done by SQL and by entity. */
interface Work {
  readonly title: string;
  readonly sizes: readonly number[];
  readonly sql: (store: EventStore, rows: Row[]) => Promise<void>;
  readonly entity: (store: EventStore, rows: Row[]) => Promise<void>;
}

const WORKS: readonly Work[] = [
  { title: 'inserted or updated by one statement', sizes: TO_BULK, sql: bySql, entity: byEntity },
  {
    title: 'inserted or updated one by one, as a projection folds events',
    sizes: SIZES,
    sql: (store, rows) => oneByOne(store, rows, sqlOf),
    entity: (store, rows) => oneByOne(store, rows, entityOf),
  },
  { title: 'read', sizes: TO_BULK, sql: readBySql, entity: readByEntity },
];

async function measured(store: EventStore, work: Work, size: number, rounds: number): Promise<Figure> {
  const rows = made(size);
  const sql: number[] = [];
  const entity: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    sql.push(await took(() => work.sql(store, rows)));
    entity.push(await took(() => work.entity(store, rows)));
  }
  const [one, other] = [median(sql), median(entity)];
  const times = (other / one).toFixed(1);
  return { what: `${size} rows`, value: `SQL ${ms(one)}, TypeORM ${ms(other)} (${times} ×)` };
}

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '9' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) console.log(HELP);
else {
  await onPostgres({ home: tmpdir() }, async (url) => {
    const store = await openEventStore({
      url: await ensureDatabase(url, 'bench'),
      service: 'bench',
      migrations: [Rows1795219201000],
      entities: [RowEntity],
      projections: [],
    });
    for (const work of WORKS) {
      const figures: Figure[] = [];
      for (const size of work.sizes) figures.push(await measured(store, work, size, Number(values.rounds)));
      print(`Rows of four columns, ${work.title}, median`, figures);
    }
    await store.close();
  });
}
