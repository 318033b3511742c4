/**
 * A filter as SQL over `flows` and `ends`. Everything that came from a user is a parameter; the text is made of our own words only.
 * Conditions on ends are answered in `ends` (small), those on addresses of workloads in the flow's own columns.
 */
import type { IpRange } from '@ringfence/contracts';
import type { EndCondition, FlowFilter, PortFilter, SideFilter } from '../../domain/flow-filter.js';
import { VERDICT_RANK } from '../../domain/flow-rows.calculator.js';
import type { FlowKey } from '../port/flow-store.js';
import type { Sql } from './bounded-query.js';

/** Rows read per row shown: a flow has one row per day and policy version. */
const ROWS_PER_FLOW = 4;
const FEWEST_ROWS = 2_000;
/** As Postgres writes an ISO instant. */
export const INSTANT = `'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'`;

class Parameters {
  readonly values: unknown[] = [];
  add(value: unknown, type: string): string {
    this.values.push(value);
    return `$${String(this.values.length)}::${type}`;
  }
}

/**
 * The newest matching flows, each with everything that its ends reported of it in that time: reports that a border of day
 * or policy version has torn apart, and those that the filter's verdict did not name, belong to it all the same.
 */
export function searchSql(filter: FlowFilter): Sql {
  const { where, parameters } = matching(filter);
  const inTime = ['true', ...timeSql(filter, parameters)].join(' and ');
  const rows = parameters.add(Math.max(filter.limit * ROWS_PER_FLOW, FEWEST_ROWS), 'integer');
  const limit = parameters.add(filter.limit, 'integer');
  return {
    text: `with hits as (select f.src, f.dst, f.proto, f.port from flows f where ${where} order by f.last_at desc limit ${rows}),
      reports as (select f.* from flows f join (select distinct * from hits) h using (src, dst, proto, port) where ${inTime})
      ${WHOLE_FLOWS} order by w.last_at desc limit ${limit}`,
    values: parameters.values,
  };
}

/** The condition on a row of `flows f`, and the parameters that it refers to. */
export function matching(filter: FlowFilter): { where: string; parameters: Parameters } {
  const parameters = new Parameters();
  return { where: whereOf(filter, parameters), parameters };
}

/** Flows of one day by their keys, in the same shape. */
export function byKeysSql(keys: readonly FlowKey[]): Sql {
  const column = <K extends keyof FlowKey>(name: K): FlowKey[K][] => keys.map((key) => key[name]);
  return {
    text: `with reports as (
        select f.* from flows f
          join (select distinct * from unnest($1::date[], $2::integer[], $3::integer[], $4::integer[], $5::integer[])
            as k(day, src, dst, proto, port)) k using (day, src, dst, proto, port))
      ${WHOLE_FLOWS} order by w.last_at`,
    values: [column('day'), column('src'), column('dst'), column('proto'), column('port')],
  };
}

const newest = (column: string, side: string): string =>
  `(array_agg(${column} order by ${side}_at desc))[1] as ${column.replace(`${side}_`, '')}`;
/** What one side said, by its verdict. */
const sideReports = (direction: 'outbound' | 'inbound', side: 'out' | 'in'): string => `
  select src, dst, proto, port, '${direction}' as direction, ${side}_verdict as verdict,
    ${['rule', 'class', 'state'].map((name) => newest(`${side}_${name}`, side)).join(', ')}, ${newest('policy_version', side)},
    to_char(min(first_at) at time zone 'utc', ${INSTANT}) as first_at, to_char(max(${side}_at) at time zone 'utc', ${INSTANT}) as at,
    sum(${side}_connections)::float8 as connections, sum(${side}_bytes_out)::float8 as bytes_out,
    sum(${side}_bytes_in)::float8 as bytes_in
  from reports where ${side}_at is not null group by src, dst, proto, port, ${side}_verdict`;
const latest = (column: string): string => `(array_agg(${column} order by last_at desc))[1] as ${column}`;

const WHOLE_FLOWS = `
  , said as (${sideReports('outbound', 'out')} union all ${sideReports('inbound', 'in')})
  , shares as (
    select src, dst, proto, port,
      coalesce(jsonb_agg(to_jsonb(said)) filter (where direction = 'outbound'), '[]') as outbound,
      coalesce(jsonb_agg(to_jsonb(said)) filter (where direction = 'inbound'), '[]') as inbound
    from said group by src, dst, proto, port)
  , whole as (
    select src, dst, proto, port, ${['src_ip', 'dst_ip', 'vip', 'vip_port', 'vip_service'].map(latest).join(', ')},
      max(last_at) as last_at
    from reports group by src, dst, proto, port)
  select w.proto, w.port, w.vip_port, w.vip_service, host(w.src_ip) as src_ip, host(w.dst_ip) as dst_ip, host(w.vip) as vip,
    shares.outbound, shares.inbound, to_jsonb(s) as source, to_jsonb(d) as destination
  from whole w join shares using (src, dst, proto, port) join ends s on s.id = w.src join ends d on d.id = w.dst`;

function whereOf(filter: FlowFilter, parameters: Parameters): string {
  if (filter.nothing) return 'false';
  const source = sideSql(filter.source, 'src', parameters);
  const destination = sideSql(filter.destination, 'dst', parameters);
  const included =
    filter.eitherSide && source.include !== 'true' && destination.include !== 'true'
      ? `(${source.include} or ${destination.include})`
      : `${source.include} and ${destination.include}`;
  return [
    ...timeSql(filter, parameters),
    included,
    source.exclude,
    destination.exclude,
    ...portsSql(filter, parameters),
    ...verdictSql(filter, parameters),
  ].join('\n and ');
}

function timeSql(filter: FlowFilter, parameters: Parameters): string[] {
  const parts: string[] = [];
  if (filter.since !== null) {
    const since = parameters.add(filter.since, 'timestamptz');
    // A row's day is the day it began; what was seen since then began at most a day of reports earlier.
    parts.push(`f.last_at >= ${since}`, `f.day >= (${since} at time zone 'utc')::date - 1`);
  }
  if (filter.until !== null) {
    const until = parameters.add(filter.until, 'timestamptz');
    parts.push(`f.first_at <= ${until}`, `f.day <= (${until} at time zone 'utc')::date`);
  }
  return parts;
}

function sideSql(
  side: SideFilter,
  column: 'src' | 'dst',
  parameters: Parameters,
): { include: string; exclude: string } {
  const one = (condition: EndCondition): string => conditionSql(condition, column, parameters);
  const include = side.include.map((all) => `(${all.map(one).join(' and ')})`);
  const exclude = side.exclude.map((condition) => `not (${one(condition)})`);
  return {
    include: include.length === 0 ? 'true' : `(${include.join(' or ')})`,
    exclude: exclude.length === 0 ? 'true' : exclude.join(' and '),
  };
}

function conditionSql(condition: EndCondition, column: 'src' | 'dst', parameters: Parameters): string {
  const ends = (where: string): string => `f.${column} in (select e.id from ends e where ${where})`;
  switch (condition.kind) {
    case 'any-label':
      return ends(`e.labels && ${parameters.add(condition.labels, 'text[]')}`);
    case 'workload':
      return ends(`e.workload = any(${parameters.add(condition.ids, 'text[]')})`);
    case 'workloads':
      return ends('e.workload is not null');
    case 'ranges':
      return condition.workloadsToo
        ? rangesSql(condition.ranges, `f.${column}_ip`, parameters)
        : ends(`e.workload is null and ${rangesSql(condition.ranges, 'e.address', parameters)}`);
    case 'address':
      return addressSql(condition.addresses, column, parameters);
    case 'transmission':
      return transmissionSql(condition.classes, column);
    case 'nothing':
      return 'false';
  }
}

function addressSql(addresses: readonly string[], column: 'src' | 'dst', parameters: Parameters): string {
  const given = parameters.add(addresses, 'inet[]');
  const own = `f.${column}_ip <<= any(${given})`;
  return column === 'dst' ? `(${own} or coalesce(f.vip <<= any(${given}), false))` : own;
}

function rangesSql(ranges: readonly IpRange[], column: string, parameters: Parameters): string {
  const one = (range: IpRange): string =>
    range.to === null || range.to === ''
      ? `${column} <<= ${parameters.add(range.from, 'inet')}`
      : `${column} between ${parameters.add(range.from, 'inet')} and ${parameters.add(range.to, 'inet')}`;
  const included = ranges.filter((range) => !range.exclusion).map(one);
  const excluded = ranges.filter((range) => range.exclusion).map((range) => `not (${one(range)})`);
  return included.length === 0 ? 'false' : `(${[`(${included.join(' or ')})`, ...excluded].join(' and ')})`;
}

const MULTICAST = `(f.dst_ip <<= inet '224.0.0.0/4' or f.dst_ip <<= inet 'ff00::/8')`;
const BROADCAST = `(f.dst_ip = inet '255.255.255.255')`;
function transmissionSql(classes: readonly string[], column: 'src' | 'dst'): string {
  if (column === 'src') return 'false';
  const parts = [
    ...(classes.includes('multicast') ? [MULTICAST] : []),
    ...(classes.includes('broadcast') ? [BROADCAST] : []),
    ...(classes.includes('unicast') ? [`not (${MULTICAST} or ${BROADCAST})`] : []),
  ];
  return parts.length === 0 ? 'false' : `(${parts.join(' or ')})`;
}

function portsSql(filter: FlowFilter, parameters: Parameters): string[] {
  const one = (ports: PortFilter): string => {
    const parts = [
      ...(ports.proto === null ? [] : [`f.proto = ${parameters.add(ports.proto, 'smallint')}`]),
      ...(ports.from === null ? [] : [portBetween('f.port', ports, parameters)]),
    ];
    return parts.length === 0 ? 'true' : `(${parts.join(' and ')})`;
  };
  const include = filter.services.include.map(one);
  return [
    ...(include.length === 0 ? [] : [`(${include.join(' or ')})`]),
    ...filter.services.exclude.map((ports) => `not ${one(ports)}`),
  ];
}

/** A port means the port that a Pod listens on, or the Service's port that was asked for. */
function portBetween(column: string, ports: PortFilter, parameters: Parameters): string {
  const from = parameters.add(ports.from, 'integer');
  const to = parameters.add(ports.to, 'integer');
  return `(${column} between ${from} and ${to} or coalesce(f.vip_port between ${from} and ${to}, false))`;
}

function verdictSql(filter: FlowFilter, parameters: Parameters): string[] {
  const decided = (side: string, ruleClass: string): string =>
    `(f.${side}_class = '${ruleClass}' and f.${side}_verdict >= ${VERDICT_RANK.potentially_blocked})`;
  const parts: string[] = [];
  if (filter.verdicts.length > 0)
    parts.push(`f.verdict = any(${parameters.add(filter.verdicts, 'smallint[]')})`);
  if (filter.boundary.length > 0) {
    const any = filter.boundary.map((decision) => {
      if (decision === 'blocked') return `${decided('out', 'deny')} or ${decided('in', 'deny')}`;
      if (decision === 'blocked_by_override_deny')
        return `${decided('out', 'override_deny')} or ${decided('in', 'override_deny')}`;
      return 'false';
    });
    parts.push(`coalesce(${any.join(' or ')}, false)`);
  }
  return parts;
}
