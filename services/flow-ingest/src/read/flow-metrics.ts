/** How much is stored, as `traffic_flows/database_metrics` shows it. */
import type pg from 'pg';

const GIB = 1024 ** 3;

export async function readFlowMetrics(pool: pg.Pool, retentionDays: number): Promise<unknown> {
  const found = await pool.query<{ days: number; oldest: string | null; bytes: number; rows: number }>(
    `select count(*)::int as days, to_char(min(to_date(right(c.relname, 8), 'YYYYMMDD')), 'YYYY-MM-DD') as oldest,
            coalesce(sum(pg_total_relation_size(c.oid)), 0)::float8 as bytes, coalesce(sum(greatest(c.reltuples, 0)), 0)::float8 as rows
       from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = 'flows'::regclass`,
  );
  const { days = 0, oldest = null, bytes = 0, rows = 0 } = found.rows[0] ?? {};
  const sizes = {
    flows_days: days,
    flows_days_limit: retentionDays,
    flows_size_gb: Number((bytes / GIB).toFixed(3)),
  };
  return {
    ...sizes,
    ...(oldest === null ? {} : { flows_oldest_day: oldest }),
    // Days are the limit, not gigabytes.
    flows_size_gb_limit: 0,
    server: { ...sizes, num_flows_estimated: rows },
    endpoint: { flows_days: 0, flows_days_limit: 0, flows_size_gb: 0 },
    backlog: {},
    updated_at: new Date().toISOString(),
  };
}
