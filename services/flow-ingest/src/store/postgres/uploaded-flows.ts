/**
 * Flows that somebody uploaded, apart from those that agents report: they are shown in traffic queries, with whose they are, and judged, added
 * up or suggested from nowhere. SQL: they are searched by the same conditions as the flows of agents.
 */
import { inTransaction } from '@ringfence/event-store';
import type pg from 'pg';
import type { EndCondition, FlowFilter, SideFilter } from '../../domain/flow-filter.js';
import { addDays } from '../../domain/retention.js';
import type { UploadedFlows, UploadedRow } from '../port/uploaded-flows.js';
import { boundedQuery } from './bounded-query.js';
import { INSTANT, matching } from './search.sql.js';

/** Beyond it the oldest go. */
export const MOST_UPLOADED = 100_000;

/** Postgres alone knows which texts are the same address. In one order, so that two uploads at once wait for each other, and not both. */
const UPSERT = `insert into uploaded_flows (day, src_ip, dst_ip, proto, port, uploaded_by, times, first_at, last_at)
  select ($6::timestamptz at time zone 'utc')::date, src, dst, proto, port, $7::text, sum(times), $6::timestamptz, $6::timestamptz
    from unnest($1::inet[], $2::inet[], $3::smallint[], $4::integer[], $5::integer[]) as t(src, dst, proto, port, times)
    group by src, dst, proto, port order by src, dst, proto, port
  on conflict (day, src_ip, dst_ip, proto, port, uploaded_by)
    do update set times = uploaded_flows.times + excluded.times, last_at = excluded.last_at`;

/** An uploaded flow as the conditions on flows of agents see it: ends that are no workload, and no verdict. */
const AS_FLOWS = `select *, 0 as src, 0 as dst, null::inet as vip, null::integer as vip_port, 0::smallint as verdict,
    null::text as out_class, null::text as in_class, 0::smallint as out_verdict, 0::smallint as in_verdict
  from uploaded_flows`;

export function uploadedFlows(pool: pg.Pool, retentionDays: number, most = MOST_UPLOADED): UploadedFlows {
  return {
    add: async ({ flows }, by, at) => {
      if (flows.size === 0) return 0;
      const all = [...flows.values()].map(({ flow, times }) => ({ ...flow, times }));
      const columns = (['src', 'dst', 'proto', 'port', 'times'] as const).map((name) =>
        all.map((each) => each[name]),
      );
      return inTransaction(pool, async (tx) => {
        await tx.query(UPSERT, [...columns, at, by]);
        return dropOldest(tx, most);
      });
    },
    search: async (filter, bounds) => {
      if (filter.limit === 0) return [];
      const { where, parameters } = matching(ofAddresses(filter));
      const limit = parameters.add(filter.limit, 'integer');
      const text = `select host(f.src_ip) as src_ip, host(f.dst_ip) as dst_ip, f.proto, f.port, f.uploaded_by, f.times,
          to_char(f.first_at at time zone 'utc', ${INSTANT}) as first_at, to_char(f.last_at at time zone 'utc', ${INSTANT}) as last_at
        from (${AS_FLOWS}) f where ${where} order by f.last_at desc, f.src_ip, f.dst_ip, f.proto, f.port limit ${limit}`;
      return boundedQuery<UploadedRow>(pool, { text, values: parameters.values }, bounds);
    },
    prune: async (today) => {
      await pool.query('delete from uploaded_flows where day < $1::date', [addDays(today, -retentionDays)]);
    },
  };
}

async function dropOldest(tx: pg.PoolClient, most: number): Promise<number> {
  const { rowCount } = await tx.query(
    `delete from uploaded_flows where ctid in
       (select ctid from uploaded_flows order by last_at desc, day desc, src_ip, dst_ip, proto, port offset $1)`,
    [most],
  );
  return rowCount ?? 0;
}

/** Nobody's labels and no workload are at their ends: whoever uploads cannot say so. Ranges are asked of the addresses themselves. */
function ofAddresses(filter: FlowFilter): FlowFilter {
  const one = (condition: EndCondition): EndCondition => {
    if (condition.kind === 'ranges') return { ...condition, workloadsToo: true };
    const isOfWorkloads = ['any-label', 'workload', 'workloads'].includes(condition.kind);
    return isOfWorkloads ? { kind: 'nothing' } : condition;
  };
  const side = ({ include, exclude }: SideFilter): SideFilter => ({
    include: include.map((all) => all.map(one)),
    exclude: exclude.map(one),
  });
  return {
    ...{ ...filter, nothing: !filter.uploadsToo },
    source: side(filter.source),
    destination: side(filter.destination),
  };
}
