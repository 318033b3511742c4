/** Flows counted by dimensions, as SQL. The words of the text are our own; what a user gave is a parameter. */
import type { FlowFilter } from '../../domain/flow-filter.js';
import type { Dimension } from '../port/flow-store.js';
import type { Sql } from './bounded-query.js';
import { INSTANT, matching } from './search.sql.js';

const kindOf = (end: string): string =>
  `case when ${end}.workload is null then '' else coalesce(${end}.kind, '') end`;
const nameOf = (end: string): string =>
  `case when ${end}.namespace is null then coalesce(${end}.name, '') else ${end}.namespace || '/' || coalesce(${end}.name, '') end`;
const COLUMNS: Readonly<Record<Dimension, string>> = {
  day: 'f.day::text',
  source: 'coalesce(s.workload, host(f.src_ip))',
  source_kind: kindOf('s'),
  source_name: nameOf('s'),
  destination: 'coalesce(d.workload, host(f.dst_ip))',
  destination_kind: kindOf('d'),
  destination_name: nameOf('d'),
  proto: 'f.proto::text',
  port: 'f.port::text',
  verdict: 'f.verdict::text',
  essential: `('essential' in (coalesce(f.out_class, ''), coalesce(f.in_class, '')))::text`,
};

export function groupSql(filter: FlowFilter, by: readonly Dimension[]): Sql {
  const { where, parameters } = matching(filter);
  const limit = parameters.add(filter.limit, 'integer');
  const instant = (text: string): string => `to_char(${text} at time zone 'utc', ${INSTANT})`;
  const key = `array[${by.map((dimension) => COLUMNS[dimension]).join(', ')}]::text[]`;
  return {
    text: `select ${key} as key, sum(greatest(f.out_connections, f.in_connections))::float8 as connections,
        ${instant('min(f.first_at)')} as first_at, ${instant('max(f.last_at)')} as last_at
      from flows f join ends s on s.id = f.src join ends d on d.id = f.dst
      where ${where} group by 1 order by 2 desc, 1 limit ${limit}`,
    values: parameters.values,
  };
}
