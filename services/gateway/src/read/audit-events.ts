/**
 * The audit trail: changes, read off the domain events, and requests that were refused. What happens by itself (Pods, computed labels) is no
 * audit event. Kept for 30 days, and never more than `KEPT_ROWS`.
 */
import { randomUUID } from 'node:crypto';
import type { AuditEvent, Envelope } from '@ringfence/contracts';
import { And, EntitySchema, LessThan, LessThanOrEqual, MoreThanOrEqual } from 'typeorm';
import type { EntityManager, FindOptionsWhere, QueryDeepPartialEntity } from 'typeorm';
import { auditedAs } from '../domain/audit-words.js';

const KEPT_MS = 30 * 86_400_000;
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
  readonly eventType: string;
  readonly at: Date;
  readonly severity: string;
  readonly status: string;
  readonly createdBy: Readonly<Record<string, unknown>>;
  readonly action: Readonly<Record<string, unknown>> | null;
  readonly resourceChanges: unknown[];
}

export const AuditEventEntity = new EntitySchema<EventRow>({
  name: 'AuditEvent',
  tableName: 'audit_events',
  columns: {
    id: { type: 'uuid', primary: true },
    eventType: { name: 'event_type', type: 'text' },
    at: { type: 'timestamptz' },
    severity: { type: 'text' },
    status: { type: 'text' },
    createdBy: { name: 'created_by', type: 'jsonb' },
    action: { type: 'jsonb', nullable: true },
    resourceChanges: { name: 'resource_changes', type: 'jsonb' },
  },
  indices: [{ name: 'audit_events_at', columns: ['at'] }],
});

export async function recordChange(entities: EntityManager, event: Envelope): Promise<void> {
  const eventType = auditedAs(event);
  if (eventType === null) return;
  // What is pending is part of the policy.
  const word = eventType.split('.')[0]!.replace(/_pending$/, '');
  const changeType = /\.(create|update|delete)$/.exec(eventType)?.[1] ?? 'update';
  const isLost = event.type === 'EnforcementLost';
  await record(entities, {
    id: event.id,
    eventType,
    at: new Date(event.at),
    severity: isLost ? 'err' : 'info',
    status: isLost ? 'failure' : 'success',
    createdBy: creator(event),
    action: null,
    resourceChanges: [
      { uuid: event.id, resource: { [word]: event.data }, change_type: changeType, changes: {} },
    ],
  });
}

export async function recordRefusal(
  entities: EntityManager,
  refused: RefusedRequest,
  at: Date,
): Promise<void> {
  const id = randomUUID();
  await record(entities, {
    id,
    eventType: refused.eventType,
    at,
    severity: 'warning',
    status: 'failure',
    createdBy: refused.createdBy,
    action: {
      uuid: id,
      api_endpoint: refused.path.slice(0, 500),
      api_method: refused.method,
      http_status_code: refused.status,
      src_ip: refused.ip,
      info: {},
      errors: refused.errors,
    },
    resourceChanges: [],
  });
}

export async function listEvents(
  entities: EntityManager,
  filter: EventFilter,
): Promise<{ total: number; events: AuditEvent[] }> {
  const [rows, total] = await entities.findAndCount(AuditEventEntity, {
    where: matching(filter),
    order: { at: 'desc', id: 'asc' },
    take: Math.min(filter.limit, MOST_EVENTS),
  });
  return { total, events: rows.map(view) };
}

function matching({ eventType, severity, status, since, until }: EventFilter): FindOptionsWhere<EventRow> {
  const within = [
    ...(since === undefined ? [] : [MoreThanOrEqual(new Date(since))]),
    ...(until === undefined ? [] : [LessThanOrEqual(new Date(until))]),
  ];
  return {
    ...(eventType !== undefined && { eventType }),
    ...(severity !== undefined && { severity }),
    ...(status !== undefined && { status }),
    ...(within.length > 0 && { at: And(...within) }),
  };
}

export async function findEvent(entities: EntityManager, id: string): Promise<AuditEvent | undefined> {
  const row = await entities.findOneBy(AuditEventEntity, { id });
  return row === null ? undefined : view(row);
}

export async function pruneEvents(entities: EntityManager): Promise<void> {
  const events = entities.getRepository(AuditEventEntity);
  await events.delete({ at: LessThan(new Date(Date.now() - KEPT_MS)) });
  const [firstTooMany] = await events.find({
    select: { id: true, at: true },
    order: { at: 'desc' },
    skip: KEPT_ROWS,
    take: 1,
  });
  if (firstTooMany !== undefined) await events.delete({ at: LessThanOrEqual(firstTooMany.at) });
}

/** What is recorded already stays as it is. */
async function record(entities: EntityManager, row: EventRow): Promise<void> {
  await entities
    .createQueryBuilder()
    .insert()
    .into(AuditEventEntity)
    .values(asValues(row))
    .orIgnore()
    .execute();
}

/** TypeORM's type looks into JSON, and takes nothing of which it does not know what it holds. */
const asValues = (row: EventRow): QueryDeepPartialEntity<EventRow> => row as QueryDeepPartialEntity<EventRow>;

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
    event_type: row.eventType,
    timestamp: row.at.toISOString(),
    pce_fqdn: 'localhost',
    severity: row.severity as AuditEvent['severity'],
    status: row.status as AuditEvent['status'],
    created_by: row.createdBy,
    action: row.action,
    resource_changes: row.resourceChanges,
    notifications: [],
  };
}
