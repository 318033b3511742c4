/**
 * Writes folded flows in one transaction: batch ids (a batch seen before is left out), ends, rows. Arrays are unnested by the
 * server, so that a transaction is a handful of statements whatever its size (`npm run bench -- rows`).
 */
import type { DecoratedFlowBatch } from '@ringfence/contracts';
import { inTransaction } from '@ringfence/event-store';
import type pg from 'pg';
import { foldFlows } from '../../domain/flow-rows.calculator.js';
import type { EndIdentity, FlowRow, SideReport } from '../../domain/flow-rows.calculator.js';
import { addDays, isKept } from '../../domain/retention.js';
import type { FlowKey, FlowStore, Written } from '../port/flow-store.js';

/** Ids of ends written lately; beyond this the oldest are forgotten and looked up again. */
const END_CACHE = 100_000;

export function flowWriter(pool: pg.Pool, retentionDays: number): Pick<FlowStore, 'write' | 'prune'> {
  const endIds = new Map<string, number>();
  const days = new Set<string>();
  let endsOfDay = '';

  const write = async (batches: readonly DecoratedFlowBatch[], today: string): Promise<Written> => {
    const timely = batches.filter((batch) => isKept(batch.from.slice(0, 10), today, retentionDays));
    await ensureDays(pool, days, timely);
    // An end that is still seen is written once a day: its `last_day` keeps it from being pruned.
    if (endsOfDay !== today) endIds.clear();
    endsOfDay = today;
    const learned = new Map<string, number>();
    const written = await inTransaction(pool, async (tx) => {
      const fresh = await newBatches(tx, timely);
      const folded = foldFlows(fresh);
      const unknown = [...folded.ends.values()].filter((end) => !endIds.has(end.identity));
      await learnEnds(tx, unknown, learned, today);
      const idOf = (identity: string): number => learned.get(identity) ?? endIds.get(identity) ?? 0;
      await upsertRows(tx, folded.rows, idOf);
      return {
        flows: fresh.reduce((sum, batch) => sum + batch.flows.length, 0) - folded.malformed,
        rows: folded.rows.length,
        repeatedBatches: timely.length - fresh.length,
        malformed: folded.malformed,
        tooOld: batches
          .filter((batch) => !timely.includes(batch))
          .reduce((sum, batch) => sum + batch.flows.length, 0),
        keys: folded.rows.map((row) => ({ ...keyOf(row), src: idOf(row.src), dst: idOf(row.dst) })),
      };
    });
    // Only now: ids of a transaction that was rolled back do not exist.
    for (const [identity, id] of learned) endIds.set(identity, id);
    for (const identity of endIds.keys()) {
      if (endIds.size <= END_CACHE) break;
      endIds.delete(identity);
    }
    return written;
  };

  const prune = async (today: string): Promise<number> => {
    const dropped = await dropOldDays(pool, addDays(today, -retentionDays));
    await pool.query(`delete from ends where last_day < $1::date`, [addDays(today, -retentionDays - 1)]);
    // Longer than any redelivery: the stream keeps two days, a cut-off cluster's disk a few more.
    await pool.query(`delete from flow_batches where received_at < now() - interval '30 days'`);
    if (dropped > 0) {
      days.clear();
      endIds.clear();
    }
    return dropped;
  };
  return { write, prune };
}

async function newBatches(
  tx: pg.PoolClient,
  batches: readonly DecoratedFlowBatch[],
): Promise<DecoratedFlowBatch[]> {
  // Whose batch it is says its subject: nobody can use up the ids of another cluster's or node's.
  const byId = new Map(batches.map((batch) => [`${batch.cluster}/${batch.node}/${batch.id}`, batch]));
  const inserted = await tx.query<{ id: string }>(
    'insert into flow_batches (id) select unnest($1::text[]) on conflict do nothing returning id',
    [[...byId.keys()].sort()],
  );
  return inserted.rows.flatMap((row) => byId.get(row.id) ?? []);
}

async function learnEnds(
  tx: pg.PoolClient,
  ends: readonly EndIdentity[],
  learned: Map<string, number>,
  today: string,
): Promise<void> {
  if (ends.length === 0) return;
  const unknown = [...ends].sort((a, b) => (a.identity < b.identity ? -1 : 1));
  const column = <T>(pick: (end: EndIdentity) => T): T[] => unknown.map(pick);
  const result = await tx.query<{ id: number; identity: string }>(
    `insert into ends (identity, cluster, workload, kind, name, namespace, address, labels, mode, managed, service, last_day)
     select identity, cluster, workload, kind, name, namespace, address, string_to_array(labels, ','), mode, managed, service, $12::date
       from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::inet[], $8::text[], $9::text[],
                   $10::boolean[], $11::text[])
         as t(identity, cluster, workload, kind, name, namespace, address, labels, mode, managed, service)
     on conflict (identity) do update set last_day = greatest(ends.last_day, excluded.last_day)
     returning id, identity`,
    [
      column((end) => end.identity),
      column((end) => end.cluster),
      column((end) => end.workload),
      column((end) => end.kind),
      column((end) => end.name),
      column((end) => end.namespace),
      column((end) => end.address),
      column((end) => end.labels.join(',')),
      column((end) => end.mode),
      column((end) => end.managed),
      column((end) => end.service),
      today,
    ],
  );
  for (const row of result.rows) learned.set(row.identity, row.id);
}

const SIDE_COLUMNS = [
  'verdict',
  'rule',
  'class',
  'state',
  'at',
  'connections',
  'bytes_out',
  'bytes_in',
] as const;
const SIDE_TYPES = ['smallint', 'text', 'text', 'text', 'timestamptz', 'bigint', 'bigint', 'bigint'] as const;
const SILENT_SIDE: readonly unknown[] = [null, null, null, null, null, 0, 0, 0];
const sideValues = (report: SideReport | null): readonly unknown[] =>
  report === null
    ? SILENT_SIDE
    : [
        report.verdict,
        report.rule,
        report.ruleClass,
        report.state,
        report.at,
        report.connections,
        report.bytesOut,
        report.bytesIn,
      ];

const KEY_COLUMNS = ['day', 'src', 'dst', 'proto', 'port', 'policy_version'] as const;
const COLUMNS: readonly (readonly [string, string])[] = [
  ...KEY_COLUMNS.map((name) => [name, name === 'day' ? 'date' : 'integer'] as const),
  ['src_ip', 'inet'],
  ['dst_ip', 'inet'],
  ['vip', 'inet'],
  ['vip_port', 'integer'],
  ['vip_service', 'text'],
  ['first_at', 'timestamptz'],
  ['last_at', 'timestamptz'],
  ...['out', 'in'].flatMap((side) =>
    SIDE_COLUMNS.map((name, index) => [`${side}_${name}`, SIDE_TYPES[index] ?? 'text'] as const),
  ),
];

const UPSERT = `insert into flows (${COLUMNS.map(([name]) => name).join(', ')})
  select * from unnest(${COLUMNS.map(([, type], index) => `$${String(index + 1)}::${type}[]`).join(', ')})
  on conflict (${KEY_COLUMNS.join(', ')}) do update set
    src_ip = excluded.src_ip, dst_ip = excluded.dst_ip,
    vip = coalesce(excluded.vip, flows.vip), vip_port = coalesce(excluded.vip_port, flows.vip_port),
    vip_service = coalesce(excluded.vip_service, flows.vip_service),
    first_at = least(flows.first_at, excluded.first_at), last_at = greatest(flows.last_at, excluded.last_at),
    ${['out', 'in'].map(sideMerge).join(',\n    ')}`;

/** Counts add up; the newest report of the side says verdict, rule and state. */
function sideMerge(side: string): string {
  const isNewer = `excluded.${side}_at is not null and (flows.${side}_at is null or excluded.${side}_at >= flows.${side}_at)`;
  const newest = ['verdict', 'rule', 'class', 'state', 'at'].map(
    (name) =>
      `${side}_${name} = case when ${isNewer} then excluded.${side}_${name} else flows.${side}_${name} end`,
  );
  const sums = ['connections', 'bytes_out', 'bytes_in'].map(
    (name) => `${side}_${name} = flows.${side}_${name} + excluded.${side}_${name}`,
  );
  return [...newest, ...sums].join(', ');
}

async function upsertRows(
  tx: pg.PoolClient,
  rows: readonly FlowRow[],
  idOf: (identity: string) => number,
): Promise<void> {
  if (rows.length === 0) return;
  const columns: unknown[][] = COLUMNS.map(() => []);
  for (const row of rows) {
    const values = [
      row.day, idOf(row.src), idOf(row.dst), row.proto, row.port, row.policyVersion,
      row.srcIp, row.dstIp, row.vip, row.vipPort, row.vipService, row.firstAt, row.lastAt,
      ...sideValues(row.outbound), ...sideValues(row.inbound),
    ]; // prettier-ignore
    values.forEach((value, index) => columns[index]?.push(value));
  }
  await tx.query(UPSERT, columns);
}

function keyOf(row: FlowRow): Omit<FlowKey, 'src' | 'dst'> {
  return { day: row.day, proto: row.proto, port: row.port, policyVersion: row.policyVersion };
}

async function ensureDays(
  pool: pg.Pool,
  known: Set<string>,
  batches: readonly DecoratedFlowBatch[],
): Promise<void> {
  for (const day of new Set(batches.map((batch) => batch.from.slice(0, 10)))) {
    if (known.has(day)) continue;
    // `day` has passed the schema of an instant: digits and dashes only.
    await pool.query(
      `create table if not exists flows_${day.replaceAll('-', '')} partition of flows for values from ('${day}') to ('${addDays(day, 1)}')`,
    );
    known.add(day);
  }
}

async function dropOldDays(pool: pg.Pool, oldest: string): Promise<number> {
  const partitions = await pool.query<{ name: string }>(
    `select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = 'flows'::regclass`,
  );
  const old = partitions.rows
    .map((row) => row.name)
    .filter((name) => name < `flows_${oldest.replaceAll('-', '')}`);
  for (const name of old) await pool.query(`drop table if exists ${name}`);
  return old.length;
}
