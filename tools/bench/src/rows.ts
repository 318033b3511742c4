/** bench: rows written in bulk by SQL and by TypeORM: where SQL stays */
import { tmpdir } from 'node:os';
import { parseArgs } from 'node:util';
import { ensureDatabase, openEventStore } from '@ringfence/event-store';
import type { EventStore, Migration, Sql } from '@ringfence/event-store';
import { EntitySchema } from 'typeorm';
import { onPostgres } from './bench-postgres.js';
import { ms, print } from './measure.js';
import type { Figure } from './measure.js';

const HELP = `npm run bench -- rows [--rounds N]

  --rounds N   each is written so often, in turn (9)`;
const SIZES = [1, 10, 100, 1_000, 10_000];

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

async function took(work: () => Promise<void>): Promise<number> {
  const from = performance.now();
  await work();
  return performance.now() - from;
}

const median = (all: number[]): number => all.sort((a, b) => a - b)[Math.floor(all.length / 2)] ?? 0;

async function measured(store: EventStore, size: number, rounds: number): Promise<Figure> {
  const rows = made(size);
  const sql: number[] = [];
  const entity: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    sql.push(await took(() => bySql(store, rows)));
    entity.push(await took(() => byEntity(store, rows)));
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
  const figures = await onPostgres({ home: tmpdir() }, async (url) => {
    const store = await openEventStore({
      url: await ensureDatabase(url, 'bench'),
      service: 'bench',
      migrations: [Rows1795219201000],
      entities: [RowEntity],
      projections: [],
    });
    const all: Figure[] = [];
    for (const size of SIZES) all.push(await measured(store, size, Number(values.rounds)));
    await store.close();
    return all;
  });
  print('Rows of four columns, inserted or updated in one transaction, median', figures);
}
