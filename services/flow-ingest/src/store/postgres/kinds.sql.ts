/**
 * Flows counted by kinds of their ends, as SQL. Only rows from or to whom is concerned are read, through the indexes by source and by
 * destination where these are few; the words of the text are our own.
 */
import type { FlowFilter } from '../../domain/flow-filter.js';
import { VERDICTS } from '../../domain/flow-rows.calculator.js';
import type { CountedKinds, KindsOfEnds } from '../port/flow-store.js';
import type { Sql } from './bounded-query.js';
import { INSTANT, matching } from './search.sql.js';

export function kindsSql(filter: FlowFilter, { kinds, concerned, most }: KindsOfEnds): Sql {
  const { where, parameters } = matching(filter);
  const ids = parameters.add(
    kinds.map(({ number }) => number),
    'integer[]',
  );
  const numbers = parameters.add(
    kinds.map(({ kind }) => kind),
    'integer[]',
  );
  const named = parameters.add(concerned, 'integer[]');
  const limit = parameters.add(most, 'integer');
  const connections = 'greatest(f.out_connections, f.in_connections)';
  const kindOf = (end: string): string =>
    `left join unnest(${ids}, ${numbers}) as ${end}k(id, kind) on ${end}k.id = f.${end}`;
  return {
    text: `select srck.kind is null or dstk.kind is null as unknown, f.proto, f.port, coalesce(f.verdict, 0) as verdict,
        'essential' in (coalesce(f.out_class, ''), coalesce(f.in_class, '')) as essential,
        count(*)::float8 as flows, sum(${connections})::float8 as connections,
        to_char(max(f.last_at) at time zone 'utc', ${INSTANT}) as last_at,
        min((f.src::bigint << 32) | f.dst) as one, sum(count(*)) over ()::float8 as all_flows
      from flows f ${kindOf('src')} ${kindOf('dst')}
      where ${where} and (f.src = any(${named}) or f.dst = any(${named}))
      group by srck.kind, dstk.kind, f.proto, f.port, f.verdict, essential
      order by connections desc, one limit ${limit}`,
    values: parameters.values,
  };
}

export interface KindRow {
  readonly unknown: boolean;
  readonly proto: number;
  readonly port: number;
  readonly verdict: number;
  readonly essential: boolean;
  readonly flows: number;
  readonly connections: number;
  readonly last_at: string;
  /** Source and destination of one of them, in one number. */
  readonly one: string;
  readonly all_flows: number;
}

export function countedKinds(rows: readonly KindRow[]): CountedKinds {
  const kinds = rows.map(({ unknown, one, verdict, last_at: lastAt, all_flows: _, ...row }) => ({
    ...row,
    ends: unknown ? null : endsOf(BigInt(one)),
    verdict: VERDICTS[verdict] ?? 'unknown',
    lastAt,
  }));
  return { kinds, flows: rows[0]?.all_flows ?? 0 };
}

const endsOf = (one: bigint) => ({ src: Number(one >> 32n), dst: Number(one & 0xffff_ffffn) });

export function endsSql(sinceDay: string, most: number): Sql {
  return {
    text: `select id as number, coalesce(workload, host(address)) as name, case when workload is null then 'address' else 'workload' end as "is"
      from ends where last_day >= $1::date and coalesce(workload, host(address)) is not null order by last_day desc, id desc limit $2`,
    values: [sinceDay, most],
  };
}

export function countSql(filter: FlowFilter): Sql {
  const { where, parameters } = matching(filter);
  return { text: `select count(*)::float8 as flows from flows f where ${where}`, values: parameters.values };
}
