/** What clas-caches say of places that are not in force, and when each was heard: as last said, bounded per cluster. */
import type { ClusterAck, ClusterPulse } from '@ringfence/contracts';
import { keepNewest, WHOLE_NUMBER } from '@ringfence/event-store';
import type pg from 'pg';
import { EntitySchema } from 'typeorm';
import type { EntityManager } from 'typeorm';
import type { Alarm, NotInForceRow } from '../domain/enforcement-alarms.calculator.js';

export const NotInForceEntity = new EntitySchema<NotInForceRow>({
  name: 'NotInForce',
  tableName: 'not_in_force',
  columns: {
    cluster: { type: 'text', primary: true },
    node: { type: 'text', primary: true },
    id: { type: 'text', primary: true },
    workload: { type: 'text', nullable: true },
    namespace: { type: 'text', nullable: true },
    name: { type: 'text' },
    asked: { type: 'text' },
    inForce: { name: 'in_force', type: 'text', nullable: true },
    token: { type: 'text' },
    message: { type: 'text' },
    since: { type: 'timestamptz' },
  },
});

/** Named places of one cluster; the rest is counted by its nodes. */
const MOST_NAMED = 20_000;

/** Replaces what was said of the node; false: nothing was and is not in force. SQL: thousands may be named at once (`npm run bench -- rows`). */
export async function replaceNotInForce(
  tx: pg.PoolClient,
  cluster: string,
  ack: ClusterAck,
): Promise<boolean> {
  const named = ack.notInForce ?? [];
  const { rowCount } = await tx.query('delete from not_in_force where cluster = $1 and node = $2', [
    cluster,
    ack.node,
  ]);
  if (rowCount === 0 && named.length === 0) return false;
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

/** Of a cluster, or of all. */
export const notInForceRows = (entities: EntityManager, cluster?: string): Promise<NotInForceRow[]> =>
  entities.find(NotInForceEntity, {
    where: { ...(cluster !== undefined && { cluster }) },
    order: { since: 'asc', node: 'asc', id: 'asc' },
  });

/** Of all that is known of a cluster; how many are not in force counts those that are not named, too. */
export interface Pulse {
  readonly cluster: string;
  readonly heardAt: Date;
  readonly missing: readonly string[];
  readonly policyVersion: number;
  readonly places: number;
  readonly notInForce: number;
  readonly policy: ClusterPulse['policy'] | null;
  /** Null: not known. */
  readonly refusedPolicies: NonNullable<ClusterPulse['refusedNetworkPolicies']> | null;
}

export const PulseEntity = new EntitySchema<Pulse>({
  name: 'Pulse',
  tableName: 'cluster_pulses',
  columns: {
    cluster: { type: 'text', primary: true },
    heardAt: { name: 'heard_at', type: 'timestamptz' },
    missing: { type: 'jsonb' },
    policyVersion: { ...WHOLE_NUMBER, name: 'policy_version' },
    places: { type: 'int' },
    notInForce: { name: 'not_in_force', type: 'int' },
    policy: { type: 'jsonb', nullable: true },
    refusedPolicies: { name: 'refused_policies', type: 'jsonb', nullable: true },
  },
});

export async function notePulse(
  entities: EntityManager,
  cluster: string,
  pulse: ClusterPulse,
  heardAt: Date,
): Promise<void> {
  const { missing, policyVersion, places, notInForceCount: notInForce, policy = null } = pulse;
  const { refusedNetworkPolicies: refusedPolicies = null } = pulse;
  const row = { cluster, heardAt, missing, policyVersion, places, notInForce, policy, refusedPolicies };
  await keepNewest(entities, PulseEntity, [row], 'heardAt');
}

export async function pulses(entities: EntityManager): Promise<Map<string, Pulse>> {
  const rows = await entities.find(PulseEntity);
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
