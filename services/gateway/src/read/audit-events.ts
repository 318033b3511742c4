/**
 * The audit trail: changes, read off the domain events, and requests that were refused. What happens by itself (Pods, computed labels) is no
 * audit event. Kept for `KEPT_DAYS`, and never more than `KEPT_ROWS`.
 */
import { randomUUID } from 'node:crypto';
import type { AuditEvent, Envelope } from '@ringfence/contracts';
import type pg from 'pg';
import { auditedAs } from '../domain/audit-words.js';

const KEPT_DAYS = 30;
const KEPT_ROWS = 200_000;
/** A GET of events answers no more than this. */
const MOST_EVENTS = 10_000;

export interface RefusedRequest {
  readonly eventType:
    | 'request.authentication_failed'
    | 'request.authorization_failed'
    | 'container_cluster.authentication_failed';
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly ip: string;
  readonly errors: readonly { readonly token: string; readonly message: string }[];
  readonly createdBy: Readonly<Record<string, unknown>>;
}

export interface EventFilter {
  readonly eventType?: string | undefined;
  readonly severity?: string | undefined;
  readonly status?: string | undefined;
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  readonly limit: number;
}

interface EventRow {
  readonly id: string;
  readonly event_type: string;
  readonly at: Date;
  readonly severity: AuditEvent['severity'];
  readonly status: AuditEvent['status'];
  readonly created_by: Record<string, unknown>;
  readonly action: Record<string, unknown> | null;
  readonly resource_changes: unknown[];
}

export async function recordChange(tx: pg.ClientBase, event: Envelope): Promise<void> {
  const eventType = auditedAs(event);
  if (eventType === null) return;
  // What is pending is part of the policy.
  const word = eventType.split('.')[0]!.replace(/_pending$/, '');
  const changeType = /\.(create|update|delete)$/.exec(eventType)?.[1] ?? 'update';
  const changes = [
    { uuid: event.id, resource: { [word]: event.data }, change_type: changeType, changes: {} },
  ];
  const [severity, status] = event.type === 'EnforcementLost' ? ['err', 'failure'] : ['info', 'success'];
  await insert(tx, event.id, eventType, event.at, severity, status, creator(event), null, changes);
}

export async function recordRefusal(pool: pg.Pool, refused: RefusedRequest, at: string): Promise<void> {
  const id = randomUUID();
  const action = {
    uuid: id,
    api_endpoint: refused.path.slice(0, 500),
    api_method: refused.method,
    http_status_code: refused.status,
    src_ip: refused.ip,
    info: {},
    errors: refused.errors,
  };
  await insert(pool, id, refused.eventType, at, 'warning', 'failure', refused.createdBy, action, []);
}

export async function listEvents(
  pool: pg.Pool,
  filter: EventFilter,
): Promise<{ total: number; events: AuditEvent[] }> {
  const values = [
    filter.eventType ?? null,
    filter.severity ?? null,
    filter.status ?? null,
    filter.since ?? null,
    filter.until ?? null,
  ];
  const where = `($1::text is null or event_type = $1) and ($2::text is null or severity = $2) and ($3::text is null or status = $3)
    and ($4::timestamptz is null or at >= $4) and ($5::timestamptz is null or at <= $5)`;
  const count = await pool.query<{ total: number }>(
    `select count(*)::int as total from audit_events where ${where}`,
    values,
  );
  const found = await pool.query<EventRow>(
    `select * from audit_events where ${where} order by at desc, id limit $6`,
    [...values, Math.min(filter.limit, MOST_EVENTS)],
  );
  return { total: count.rows[0]?.total ?? 0, events: found.rows.map(view) };
}

export async function findEvent(pool: pg.Pool, id: string): Promise<AuditEvent | undefined> {
  const found = await pool.query<EventRow>('select * from audit_events where id = $1', [id]);
  return found.rows.map(view)[0];
}

export async function pruneEvents(pool: pg.Pool): Promise<void> {
  await pool.query(`delete from audit_events where at < now() - make_interval(days => ${String(KEPT_DAYS)})`);
  await pool.query(
    `delete from audit_events where id in (select id from audit_events order by at desc offset ${String(KEPT_ROWS)})`,
  );
}

async function insert(
  tx: pg.ClientBase | pg.Pool,
  ...values: [
    string,
    string,
    string,
    string,
    string,
    Readonly<Record<string, unknown>>,
    unknown,
    readonly unknown[],
  ]
): Promise<void> {
  const [id, eventType, at, severity, status, createdBy, action, changes] = values;
  await tx.query(
    `insert into audit_events (id, event_type, at, severity, status, created_by, action, resource_changes)
     values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict do nothing`,
    [
      id,
      eventType,
      at,
      severity,
      status,
      JSON.stringify(createdBy),
      action === null ? null : JSON.stringify(action),
      JSON.stringify(changes),
    ],
  );
}

function creator({ actor }: Envelope): Record<string, unknown> {
  if (actor.kind === 'user') return { user: { href: `/users/${actor.id}`, username: `user_${actor.id}` } };
  if (actor.kind === 'container_cluster')
    return { container_cluster: { href: `/orgs/1/container_clusters/${actor.id}` } };
  return actor.kind === 'agent' ? { agent: { hostname: actor.id } } : { system: {} };
}

function view(row: EventRow): AuditEvent {
  return {
    href: `/orgs/1/events/${row.id}`,
    event_id: row.id,
    event_type: row.event_type,
    timestamp: row.at.toISOString(),
    pce_fqdn: 'localhost',
    severity: row.severity,
    status: row.status,
    created_by: row.created_by,
    action: row.action,
    resource_changes: row.resource_changes,
    notifications: [],
  };
}
