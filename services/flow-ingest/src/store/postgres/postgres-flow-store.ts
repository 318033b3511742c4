/** Flows in Postgres: a table of ends, a table of rows with a partition per day (`migrations/migrations.ts`). SQL: `npm run bench -- rows`. */
import type pg from 'pg';
import type { FlowGroup, FlowKey, FlowStore, FoundFlow, SeenEnd, StoredSize } from '../port/flow-store.js';
import { boundedQuery } from './bounded-query.js';
import { groupSql } from './group.sql.js';
import { countedKinds, countSql, endsSql, kindsSql } from './kinds.sql.js';
import type { KindRow } from './kinds.sql.js';
import { byKeysSql, searchSql } from './search.sql.js';
import { flowWriter } from './write-flows.js';

export function postgresFlowStore(pool: pg.Pool, retentionDays: number): FlowStore {
  return {
    ...flowWriter(pool, retentionDays),
    search: async (filter, bounds) =>
      filter.limit === 0 ? [] : boundedQuery<FoundFlow>(pool, searchSql(filter), bounds),
    group: (filter, by, bounds) => boundedQuery<FlowGroup>(pool, groupSql(filter, by), bounds),
    ends: (sinceDay, most, bounds) => boundedQuery<SeenEnd>(pool, endsSql(sinceDay, most), bounds),
    kinds: async (filter, ends, bounds) =>
      countedKinds(await boundedQuery<KindRow>(pool, kindsSql(filter, ends), bounds)),
    count: async (filter, bounds) => {
      const [found] = await boundedQuery<{ flows: number }>(pool, countSql(filter), bounds);
      return found?.flows ?? 0;
    },
    byKeys: async (keys) => (keys.length === 0 ? [] : readKeys(pool, keys)),
    size: () => readSize(pool),
  };
}

async function readKeys(pool: pg.Pool, keys: readonly FlowKey[]): Promise<FoundFlow[]> {
  const { text, values } = byKeysSql(keys);
  return (await pool.query<FoundFlow>(text, [...values])).rows;
}

async function readSize(pool: pg.Pool): Promise<StoredSize> {
  const found = await pool.query<StoredSize>(
    `select count(*)::int as days, to_char(min(to_date(right(c.relname, 8), 'YYYYMMDD')), 'YYYY-MM-DD') as "oldestDay",
            coalesce(sum(pg_total_relation_size(c.oid)), 0)::float8 as bytes, coalesce(sum(greatest(c.reltuples, 0)), 0)::float8 as rows
       from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = 'flows'::regclass`,
  );
  return found.rows[0] ?? { days: 0, oldestDay: null, bytes: 0, rows: 0 };
}
