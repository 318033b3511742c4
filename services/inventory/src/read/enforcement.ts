/** What clas-caches say of places that are not in force, and when each was heard: as last said, bounded per cluster. */
import type { ClusterAck, ClusterPulse } from '@ringfence/contracts';
import type pg from 'pg';
import { EntitySchema } from 'typeorm';
import type { EntityManager } from 'typeorm';
import type { Alarm, NotInForceRow } from '../domain/enforcement-alarms.calculator.js';

type Queryable = Pick<pg.ClientBase, 'query'>;

/** Named places of one cluster; the rest is counted by its nodes. */
const MOST_NAMED = 20_000;

const COLUMNS = `cluster, node, id, workload, namespace, name, asked, in_force as "inForce", token, message, since`;

/** Replaces what was said of the node; false: it is what was said before. */
export async function replaceNotInForce(tx: Queryable, cluster: string, ack: ClusterAck): Promise<boolean> {
  const named = ack.notInForce ?? [];
  const before = await tx.query<NotInForceRow>(
    `select ${COLUMNS} from not_in_force where cluster = $1 and node = $2 order by id`,
    [cluster, ack.node],
  );
  if (before.rows.length === 0 && named.length === 0) return false;
  await tx.query('delete from not_in_force where cluster = $1 and node = $2', [cluster, ack.node]);
  await tx.query(
    `insert into not_in_force (cluster, node, id, workload, namespace, name, asked, in_force, token, message, since)
     select $1, $2, r.id, r.workload, r.namespace, r.name, r.asked, r."inForce", r.token, r.message, r.since
     from jsonb_to_recordset($3::jsonb) as r(id text, workload text, namespace text, name text, asked text, "inForce" text,
       token text, message text, since timestamptz)
     where (select count(*) from not_in_force where cluster = $1) < ${String(MOST_NAMED)} on conflict do nothing`,
    [cluster, ack.node, JSON.stringify(named)],
  );
  return true;
}

export async function notInForceRows(db: Queryable, cluster: string | null = null): Promise<NotInForceRow[]> {
  const { rows } = await db.query<NotInForceRow>(
    `select ${COLUMNS} from not_in_force where $1::text is null or cluster = $1 order by since, node, id`,
    [cluster],
  );
  return rows;
}

/** Of all that is known of a cluster; how many are not in force counts those that are not named, too. */
export interface Pulse {
  readonly cluster: string;
  readonly heardAt: Date;
  readonly missing: readonly string[];
  readonly places: number;
  readonly notInForce: number;
  readonly policy: ClusterPulse['policy'] | null;
}

export async function notePulse(
  tx: Queryable,
  cluster: string,
  pulse: ClusterPulse,
  heardAt: Date,
): Promise<void> {
  await tx.query(
    `insert into cluster_pulses values ($1, $2, $3, $4, $5, $6, $7) on conflict (cluster) do update set heard_at = excluded.heard_at,
       missing = excluded.missing, policy_version = excluded.policy_version, places = excluded.places,
       not_in_force = excluded.not_in_force, policy = excluded.policy where cluster_pulses.heard_at <= excluded.heard_at`,
    [
      cluster,
      heardAt.toISOString(),
      JSON.stringify(pulse.missing),
      pulse.policyVersion,
      pulse.places,
      pulse.notInForceCount,
      pulse.policy === undefined ? null : JSON.stringify(pulse.policy),
    ],
  );
}

export async function pulses(db: Queryable): Promise<Map<string, Pulse>> {
  const { rows } = await db.query<Pulse>(
    `select cluster, heard_at as "heardAt", missing, places, not_in_force as "notInForce", policy from cluster_pulses`,
  );
  return new Map(rows.map((row) => [row.cluster, row]));
}

export const EnforcementAlarmEntity = new EntitySchema<
  Pick<Alarm, 'cluster' | 'scope' | 'id'> & { body: object }
>({
  name: 'EnforcementAlarm',
  tableName: 'enforcement_alarms',
  columns: {
    cluster: { type: 'text', primary: true },
    scope: { type: 'text', primary: true },
    id: { type: 'text', primary: true },
    body: { type: 'jsonb' },
  },
});

export async function openAlarms(entities: EntityManager, cluster: string): Promise<Alarm[]> {
  const rows = await entities.findBy(EnforcementAlarmEntity, { cluster });
  return rows.map(({ body }) => body as Alarm);
}

/** One that is open already stays as it is. */
export async function openAlarm(entities: EntityManager, alarm: Alarm): Promise<void> {
  const { cluster, scope, id } = alarm;
  const row = { cluster, scope, id, body: alarm };
  await entities.createQueryBuilder().insert().into(EnforcementAlarmEntity).values(row).orIgnore().execute();
}

export async function closeAlarm(entities: EntityManager, { cluster, scope, id }: Alarm): Promise<void> {
  await entities.delete(EnforcementAlarmEntity, { cluster, scope, id });
}

/** Of a node, or of all of the cluster. */
export async function forgetEnforcement(tx: Queryable, cluster: string, node: string | null): Promise<void> {
  await tx.query('delete from not_in_force where cluster = $1 and ($2::text is null or node = $2)', [
    cluster,
    node,
  ]);
  if (node !== null) return;
  for (const table of ['cluster_pulses', 'convergence'])
    await tx.query(`delete from ${table} where cluster = $1`, [cluster]);
}
